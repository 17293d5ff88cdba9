//! `EXTERNAL_PROVIDERS_CONFIG`: the JSON file in which users of the Payment Gateway Manager name the services that are
//! their custom providers. Each becomes a provider that the microservice plugin forwards for, with a grant to that
//! service and to nothing else: plain HTTP and private addresses included, because naming it is the grant.

use super::kinds;
use super::place::{Fault, Place, SourceFile};
use super::sources::Sources;
use super::tree::{Entries, Node, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// The variable that names the file.
const VARIABLE: &str = "EXTERNAL_PROVIDERS_CONFIG";

/// What serves them all.
const PLUGIN: &str = "microservice.wasm";

/// What the file looks like.
const SHAPE: &str = r#"{"externalServices": [{"externalService": "NAME", "baseUrl": "https://…"}]}"#;

/// Members that are not here are PGM's own affair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'t> {
    #[serde(borrow)]
    external_services: Option<&'t RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service<'t> {
    #[serde(borrow)]
    external_service: Option<&'t RawValue>,
    #[serde(borrow)]
    base_url: Option<&'t RawValue>,
}

/// The providers of the file, where the variable names one. Everything wrong with it is a fault.
pub(super) fn layer(sources: &Sources, faults: &mut Vec<Fault>) -> Node {
    let Some(path) = sources.variable(VARIABLE).filter(|path| !path.is_empty()) else { return Node::empty() };
    let file = match read(sources, path) {
        Ok(file) => file,
        Err(fault) => {
            faults.push(fault);
            return Node::empty();
        }
    };
    let mut providers = Entries::new();
    for service in services(&file) {
        match service.and_then(|service| provider(&file, service, faults)) {
            Ok((name, provider)) => match providers.get(&name) {
                None => drop(providers.insert(name, provider)),
                Some(first) => {
                    let message = format!("stands here twice, first at {}: remove one", first.place);
                    faults.push(Fault::new(provider.place, format!("providers.{name}"), message));
                }
            },
            Err(fault) => faults.push(fault),
        }
    }
    let place = Place::Variable(VARIABLE.to_owned());
    Node::new(Value::Table(providers), place).under(&["providers".to_owned()])
}

/// A sentence for each provider that the configuration file has with another plugin: it is not served by that one.
pub(super) fn overruled(tree: &Node, layer: &Node) -> Vec<String> {
    let Some(Value::Table(providers)) = layer.at(&["providers"]).map(|node| &node.value) else { return Vec::new() };
    let plugin = |name: &String| Some((name.clone(), tree.at(&["providers", name, "plugin"])?));
    let overruled = providers.keys().filter_map(plugin);
    let sentence = |(name, plugin): (String, &Node)| {
        format!("providers.{name}.plugin, at {}, does not hold: {VARIABLE} has {name} as well, and wins", plugin.place)
    };
    overruled.map(sentence).collect()
}

fn read(sources: &Sources, path: &OsStr) -> Result<Arc<SourceFile>, Fault> {
    let path = PathBuf::from(path);
    let fault = |message: String| Fault::new(Place::Variable(VARIABLE.to_owned()), "", message);
    let bytes = (sources.read)(&path).map_err(|error| {
        fault(format!("{} cannot be read: {error}; it must be a file with {SHAPE}", path.display()))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| fault(format!("{} is not UTF-8 text: it must be JSON", path.display())))?;
    Ok(Arc::new(SourceFile { path, text }))
}

/// Every entry of the list; one fault where there is no list.
fn services(file: &Arc<SourceFile>) -> Vec<Result<&RawValue, Fault>> {
    let whole = |message: String| vec![Err(Fault::new(Place::File(Arc::clone(file), 0..0), "", message))];
    let document: Document = match serde_json::from_str(&file.text) {
        Ok(document) => document,
        Err(error) => return whole(format!("must be JSON such as {SHAPE}: {error}")),
    };
    let Some(list) = document.external_services else {
        return whole(format!("has no externalServices: it must be {SHAPE}"));
    };
    match serde_json::from_str::<Vec<&RawValue>>(list.get()) {
        Ok(services) => services.into_iter().map(Ok).collect(),
        Err(_) => vec![Err(Fault::new(at(file, list), "externalServices", format!("must be a list: {SHAPE}")))],
    }
}

fn provider(file: &Arc<SourceFile>, service: &RawValue, faults: &mut Vec<Fault>) -> Result<(String, Node), Fault> {
    let fault = |message: &str| Fault::new(at(file, service), "externalServices", message);
    let read: Service = serde_json::from_str(service.get())
        .map_err(|_| fault("must be {\"externalService\": \"NAME\", \"baseUrl\": \"https://…\"}"))?;
    let name = read.external_service.ok_or_else(|| fault("needs an externalService: the NAME in /v3/NAME"))?;
    let base_url = read.base_url.ok_or_else(|| fault("needs a baseUrl: where the service is, such as https://…"))?;
    let (name_place, url_place) = (at(file, name), at(file, base_url));
    let name: String = serde_json::from_str(name.get())
        .map_err(|_| Fault::new(name_place.clone(), "externalService", "must be a text: the NAME in /v3/NAME"))?;
    let plugin = ("plugin", text(PLUGIN, &name_place));
    let provider = match base(base_url, &url_place) {
        Ok(url) => {
            let settings = ("settings", table([("base_url", text(url.as_str(), &url_place))], &url_place));
            let allow = ("allow", list(grant(&url, &url_place), &url_place));
            table([plugin, settings, allow], &name_place)
        }
        // Whatever is wrong with its name is to be said as well.
        Err(message) => {
            faults.push(Fault::new(url_place, format!("providers.{name}.settings.base_url"), message));
            table([plugin], &name_place)
        }
    };
    Ok((name, provider))
}

/// Where the service's endpoints begin.
fn base(written: &RawValue, place: &Place) -> Result<Url, String> {
    let text: String = serde_json::from_str(written.get()).map_err(|_| "must be a text: a URL".to_owned())?;
    let url = kinds::url(&Node::new(Value::Text(text), place.clone()))?;
    match (url.query(), url.fragment()) {
        (None, None) => Ok(url),
        _ => Err("must end with its path: /pay, /refund … follow it, and a query or a fragment cannot".to_owned()),
    }
}

/// This origin alone, and of it what is below the URL's path.
fn grant(url: &Url, place: &Place) -> Node {
    let origin = ("origin", text(&url.origin().ascii_serialization(), place));
    let private = ("private", Node::new(Value::Boolean(true), place.clone()));
    let path = url.path().trim_end_matches('/');
    match path {
        "" => table([origin, private], place),
        _ => table([origin, private, ("paths", list(text(&format!("{path}/"), place), place))], place),
    }
}

fn table<const N: usize>(entries: [(&str, Node); N], place: &Place) -> Node {
    let entries = entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect();
    Node::new(Value::Table(entries), place.clone())
}

fn list(only: Node, place: &Place) -> Node {
    Node::new(Value::List(vec![only]), place.clone())
}

fn text(text: &str, place: &Place) -> Node {
    Node::new(Value::Text(text.to_owned()), place.clone())
}

/// Where a part of the file's text stands in it.
fn at(file: &Arc<SourceFile>, part: &RawValue) -> Place {
    let start = part.get().as_ptr().addr() - file.text.as_ptr().addr();
    Place::File(Arc::clone(file), start..start + part.get().len())
}

#[cfg(test)]
mod tests;
