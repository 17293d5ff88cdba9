//! Examples are promises: each is what its schema describes, and none is missing.

use super::*;

/// Every example with the pointer to its schema: of bodies and parameters (`example`, `examples` by name, beside
/// `schema`), and of schemas themselves (`examples`, a list).
fn collect(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    if let Value::Array(items) = value {
        items.iter().enumerate().for_each(|(number, item)| collect(item, &format!("{pointer}/{number}"), found));
    }
    let Value::Object(members) = value else {
        return;
    };
    if members.contains_key("schema") {
        let schema = format!("{pointer}/schema");
        found.extend(members.get("example").map(|example| (schema.clone(), example.clone())));
        let named = members.get("examples").and_then(Value::as_object).into_iter().flatten();
        found.extend(named.map(|(_, example)| (schema.clone(), example["value"].clone())));
    } else if let Some(Value::Array(examples)) = members.get("examples") {
        found.extend(examples.iter().map(|example| (pointer.to_owned(), example.clone())));
    }
    for (name, member) in members.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str())) {
        collect(member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
    }
}

#[test]
fn every_example_is_what_its_schema_describes() {
    let document = parsed();
    let mut found = Vec::new();
    collect(&document, "", &mut found);
    assert!(found.len() > 50, "only {}", found.len());
    for (schema, example) in found {
        Judge::of(&document, &schema).says(&example).unwrap_or_else(|error| panic!("{schema}: {example}\n{error}"));
        lists_all_of(&example, document.pointer(&schema).unwrap(), &document, &schema);
    }
}

/// A schema allows members that it does not list; an example has none.
fn lists_all_of(example: &Value, schema: &Value, document: &Value, place: &str) {
    let referred = schema["$ref"].as_str().map(|name| document.pointer(name.trim_start_matches('#')).unwrap());
    let schema = referred.unwrap_or(schema);
    if let (Some(members), Some(listed)) = (example.as_object(), schema["properties"].as_object()) {
        for (name, member) in members {
            let schema = listed.get(name).unwrap_or_else(|| panic!("{place} has no {name}"));
            lists_all_of(member, schema, document, place);
        }
    }
}

/// Whether a body of every media type is shown.
fn is_shown(body: &Value) -> bool {
    let mut contents = body["content"].as_object().into_iter().flatten();
    contents.all(|(_, content)| content.get("example").or(content.get("examples")).is_some())
}

#[test]
fn every_body_is_shown_by_an_example() {
    let document = parsed();
    for (method, path, operation) in operations(&document) {
        assert!(is_shown(&operation["requestBody"]), "the request of {method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("200"), "{method} {path}");
        for (status, response) in responses {
            assert!(is_shown(response), "{status} of {method} {path}");
        }
    }
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        assert!(is_shown(response), "{name}");
    }
}

#[test]
fn every_value_in_a_path_has_an_example() {
    for (method, path, operation) in operations(&parsed()) {
        for parameter in operation["parameters"].as_array().unwrap() {
            let needs = parameter["required"] == true;
            assert!(!needs || parameter.get("example").is_some(), "{} of {method} {path}", parameter["name"]);
        }
    }
}
