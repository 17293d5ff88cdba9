//! Where the hosts of this run keep what they know: each in a file of its own, or in a fresh database of the tests'
//! Postgres. The environment says which.

use provost::store::{Address, Place, Settings};
use std::path::Path;
use std::sync::Arc;
use test_postgres::{Cluster, Database};

/// The environment's word for it: `postgres`, or a file where it says nothing.
const WHERE: &str = "TEST_STORE";

/// One test's store, for as long as this is kept.
#[derive(Clone)]
pub enum Kept {
    /// In the folder of the test.
    File,
    /// In a database of its own.
    Server(Arc<Database>),
}

impl Kept {
    /// A new one, as the environment wants it.
    pub fn choose() -> Self {
        match std::env::var(WHERE).as_deref() {
            Ok("postgres") => Self::server(),
            Ok(other) => panic!("{WHERE} is {other}: it may be postgres"),
            Err(_) => Self::File,
        }
    }

    /// In Postgres, whatever the environment wants.
    pub fn server() -> Self {
        Self::Server(Arc::new(Database::create()))
    }

    /// In a Postgres of the test's own.
    pub fn server_in(cluster: &Cluster) -> Self {
        Self::Server(Arc::new(Database::create_in(cluster).expect("the cluster runs")))
    }

    /// What a host in this program is told; `file` is where it would be.
    pub fn settings(&self, file: &Path) -> Settings {
        match self {
            Self::File => Settings::file(file),
            Self::Server(database) => {
                let address = Address::parse(database.url()).expect("the tests' server has an address");
                let key = provost::model::SecretBytes::new(vec![7; 32]);
                Settings { place: Place::Server(address), connections: 4, key: Some(key) }
            }
        }
    }

    /// What a host in a process of its own is told.
    pub fn url(&self) -> String {
        match self {
            Self::File => "sqlite:provost.db".to_owned(),
            Self::Server(database) => database.url().to_owned(),
        }
    }
}
