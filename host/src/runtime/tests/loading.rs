//! What is refused before it may serve, and why.

use super::engine;
use super::guest::Guest;
use crate::model::Interface;
use bytes::Bytes;

async fn faults(bytes: impl Into<Bytes>) -> Vec<String> {
    let bytes = bytes.into();
    let engine = engine();
    let faults = engine.inspect(bytes.clone()).await.faults;
    assert_eq!(engine.load(bytes).await.map(|_| ()).unwrap_err().faults, faults);
    faults
}

async fn faults_of(text: &str) -> Vec<String> {
    faults(wat::parse_str(text).unwrap()).await
}

#[tokio::test]
async fn an_ordinary_plugin_is_what_it_says() {
    let bytes = Guest::default().component();
    let inspection = engine().inspect(bytes.clone()).await;
    assert_eq!(inspection.faults, Vec::<String>::new());
    assert_eq!(inspection.size, bytes.len());
    assert_eq!(inspection.description.unwrap().name, "x");
    let interfaces: Vec<_> = inspection.interfaces.0.into_iter().collect();
    assert_eq!(interfaces, [Interface::Description, Interface::Payments]);
    let plugin = engine().load(bytes).await.unwrap();
    assert_eq!(*plugin.version(), inspection.version);
}

#[tokio::test]
async fn what_is_not_a_component_is_refused() {
    assert_eq!(faults_of("(module)").await, ["is a core module: only components are taken"]);
    assert_eq!(
        faults(&b"\x7fELF\x02"[..]).await,
        ["is a precompiled file: only components are taken, and compiled here"]
    );
    for bytes in [&b""[..], b"MZ", b"\0asm"] {
        assert!(faults(bytes).await[0].starts_with("is not a WebAssembly component"));
    }
    let whole = Guest::default().component();
    assert!(faults(whole.slice(..whole.len() / 2)).await[0].starts_with("is not a WebAssembly component"));
    assert!(faults(vec![0; (32 << 20) + 1]).await[0].starts_with("has 33554433 bytes"));
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let component = r#"(component
        (import "wasi:http/outgoing-handler@0.2.0" (instance))
        (import "wasi:filesystem/types@0.2.0" (instance))
        (import "provost:provider/http@0.9.0" (instance $old))
        (import "provost:provider/shell@0.1.0" (instance))
        (import "env" (instance))
        (export "provost:provider/payments@0.2.0" (instance $old))
        (export "provost:provider/magic@0.1.0" (instance $old))
        (export "somebody:else/run@1.0.0" (instance $old)))"#;
    assert_eq!(
        faults_of(component).await,
        [
            "imports wasi:http/outgoing-handler@0.2.0, which is not for plugins",
            "provost:provider/http@0.9.0: this host serves version 0.1.x of the contract",
            "imports provost:provider/shell@0.1.0, which the contract does not have",
            "imports env, which is not for plugins",
            "provost:provider/payments@0.2.0: this host serves version 0.1.x of the contract",
            "exports provost:provider/magic@0.1.0, which the contract does not have",
            "does not export provost:provider/description",
        ]
    );
}

#[tokio::test]
async fn an_interface_of_another_type_is_named() {
    let component = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $pays (export "pay" (func $f)))
        (instance $describes (export "tell" (func $f)))
        (export "provost:provider/payments@0.1.0" (instance $pays))
        (export "provost:provider/description@0.1.0" (instance $describes)))"#;
    let faults_found = faults_of(component).await;
    assert_eq!(faults_found.len(), 1, "{faults_found:?}");
    assert!(faults_found[0].starts_with("exports description with another type: "), "{faults_found:?}");
    let faults_found = faults_of(&component.replace("\"tell\"", "\"describe\"")).await;
    assert_eq!(faults_found.len(), 2, "{faults_found:?}");
    assert!(faults_found[1].starts_with("exports payments with another type: "), "{faults_found:?}");
}

#[tokio::test]
async fn an_import_of_another_type_is_named() {
    let component = r#"(component
        (import "provost:provider/settings@0.1.0" (instance (export "get" (func (result u32)))))
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $any (export "any" (func $f)))
        (export "provost:provider/payments@0.1.0" (instance $any))
        (export "provost:provider/description@0.1.0" (instance $any)))"#;
    let faults = faults_of(component).await;
    assert!(faults[0].starts_with("cannot be linked"), "{faults:?}");
    assert!(faults[0].contains("provost:provider/settings@0.1.0"), "{faults:?}");
}

#[tokio::test]
async fn a_description_that_does_not_come_or_does_not_hold_is_refused() {
    let described = |describe: &str| Guest { describe: describe.into(), ..Guest::default() }.component();
    assert!(faults(described("(unreachable)")).await[0].starts_with("describe failed: the plugin trapped"));
    assert_eq!(
        faults(described("(loop (br 0)) (unreachable)")).await,
        ["describe failed: the plugin went past its limit of cpu"]
    );
    let nameless = "(i32.store (i32.const 1028) (i32.const 0)) (i32.const 1024)";
    assert_eq!(
        faults(described(nameless)).await,
        ["its description has a name that is empty or longer than 255 bytes"]
    );
    // The list of currencies: one, of three letters that are no currency.
    let currency = "(i32.store (i32.const 1048) (i32.const 3000)) (i32.store (i32.const 1052) (i32.const 1))
        (i32.store (i32.const 3000) (i32.const 3008)) (i32.store (i32.const 3004) (i32.const 3))
        (i32.store (i32.const 3008) (i32.const 0x585858)) (i32.const 1024)";
    let found = faults(described(currency)).await;
    assert_eq!(found, ["its description names a currency: XXX is not an ISO 4217 currency with a minor unit"]);
}

#[tokio::test]
async fn files_and_sockets_are_there_in_name_only() {
    let guest = Guest {
        describe:
            "(call $folders (i32.const 4000)) (if (i32.load (i32.const 4004)) (then unreachable)) (i32.const 1024)"
                .into(),
        ..Guest::default()
    };
    assert!(engine().load(guest.component()).await.is_ok());
}
