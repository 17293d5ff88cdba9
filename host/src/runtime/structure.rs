//! What a component is made of, counted before anything is compiled. A few kilobytes can cost a compiler gigabytes: what
//! the toolchains for Rust, Go, JavaScript and Python make passes, and not much more.
//!
//! Nothing is allocated for what is only declared, and nothing is judged that validation judges. Costs that cannot be
//! seen from here end at the limits of the compiler's process.

use super::ceiling::TABLE_ELEMENTS;
use wasmparser::{BinaryReaderError, CompositeInnerType, FunctionBody, Operator, Parser, Payload};

/// The most of something, over the whole component or in one function.
struct Limit {
    /// Reads as in "has 7 …".
    what: &'static str,
    most: u64,
}

const fn most(what: &'static str, most: u64) -> Limit {
    Limit { what, most }
}

// Over the whole component, however nested. A component from Python has some twenty modules and fifteen thousand
// functions; one from Rust four, and some thousands.
const NESTED: Limit = most("components and modules inside of one another", 8);
const MODULES: Limit = most("modules", 100);
const COMPONENTS: Limit = most("components", 500);
const FUNCTIONS: Limit = most("functions", 50_000);
const CODE: Limit = most("bytes of code", 16 << 20);
const ALL_LOCALS: Limit = most("locals", 1_000_000);
const TYPES: Limit = most("types", 20_000);
const IMPORTS: Limit = most("imports", 50_000);
const EXPORTS: Limit = most("exports", 50_000);
const INSTANCES: Limit = most("instances", 2_000);
const DEFINITIONS: Limit = most("aliases and adapted functions", 50_000);
const TABLES: Limit = most("tables", 100);
const MEMORIES: Limit = most("memories", 100);
const GLOBALS: Limit = most("globals", 50_000);
const SEGMENTS: Limit = most("data and element segments", 50_000);
const TABLE: Limit = most("elements in a table at the start", TABLE_ELEMENTS as u64);

// In one function. What an interpreter's main loop has is the largest that is not made on purpose.
const PARAMETERS: Limit = most("parameters in one function or block", 128);
const RESULTS: Limit = most("results in one function or block", 16);
const LOCALS: Limit = most("locals in one function", 10_000);
const BODY: Limit = most("bytes in one function", 512 << 10);
const BLOCKS_DEEP: Limit = most("blocks inside of one another", 4_096);
const LOOPS_DEEP: Limit = most("loops inside of one another", 64);
/// Each local may need a value of its own in each loop that it is used in, and at each place where branches meet: the
/// first took a gigabyte at a million, the second at sixty.
const LOOPED: Limit = most("locals times loops inside of one another in one function", 1 << 18);
const FLOW: Limit = most("locals times branches in one function", 1 << 25);

/// A sentence where a component is too much for a compiler, or does not parse.
pub(super) fn check(component: &[u8]) -> Result<(), String> {
    let mut counted = Counted::default();
    for payload in Parser::new(0).parse_all(component) {
        counted.add(payload.map_err(malformed)?)?;
    }
    Ok(())
}

fn malformed(error: BinaryReaderError) -> String {
    format!("is malformed: {error}")
}

impl Limit {
    fn hold(&self, found: u64) -> Result<(), String> {
        let Self { what, most } = self;
        if found > *most { Err(format!("has {found} {what}, the most is {most}")) } else { Ok(()) }
    }

    /// Adds to what was found so far.
    fn add(&self, sum: &mut u64, found: impl Into<u64>) -> Result<(), String> {
        *sum = sum.saturating_add(found.into());
        self.hold(*sum)
    }
}

/// The sums so far.
#[derive(Default)]
struct Counted {
    depth: u64,
    modules: u64,
    components: u64,
    functions: u64,
    code: u64,
    locals: u64,
    types: u64,
    imports: u64,
    exports: u64,
    instances: u64,
    definitions: u64,
    tables: u64,
    memories: u64,
    globals: u64,
    segments: u64,
}

impl Counted {
    fn add(&mut self, payload: Payload<'_>) -> Result<(), String> {
        match payload {
            Payload::ModuleSection { .. } => {
                MODULES.add(&mut self.modules, 1u32)?;
                NESTED.add(&mut self.depth, 1u32)
            }
            Payload::ComponentSection { .. } => {
                COMPONENTS.add(&mut self.components, 1u32)?;
                NESTED.add(&mut self.depth, 1u32)
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::TypeSection(section) => {
                TYPES.add(&mut self.types, section.count())?;
                section.into_iter().try_for_each(|group| signatures(&group.map_err(malformed)?))
            }
            Payload::CoreTypeSection(section) => TYPES.add(&mut self.types, section.count()),
            Payload::ComponentTypeSection(section) => TYPES.add(&mut self.types, section.count()),
            Payload::ImportSection(section) => IMPORTS.add(&mut self.imports, section.count()),
            Payload::ComponentImportSection(section) => IMPORTS.add(&mut self.imports, section.count()),
            Payload::ExportSection(section) => EXPORTS.add(&mut self.exports, section.count()),
            Payload::ComponentExportSection(section) => EXPORTS.add(&mut self.exports, section.count()),
            Payload::InstanceSection(section) => INSTANCES.add(&mut self.instances, section.count()),
            Payload::ComponentInstanceSection(section) => INSTANCES.add(&mut self.instances, section.count()),
            Payload::ComponentAliasSection(section) => DEFINITIONS.add(&mut self.definitions, section.count()),
            Payload::ComponentCanonicalSection(section) => DEFINITIONS.add(&mut self.definitions, section.count()),
            Payload::FunctionSection(section) => FUNCTIONS.add(&mut self.functions, section.count()),
            Payload::TableSection(section) => {
                TABLES.add(&mut self.tables, section.count())?;
                section.into_iter().try_for_each(|table| TABLE.hold(table.map_err(malformed)?.ty.initial))
            }
            Payload::MemorySection(section) => MEMORIES.add(&mut self.memories, section.count()),
            Payload::GlobalSection(section) => GLOBALS.add(&mut self.globals, section.count()),
            Payload::DataSection(section) => SEGMENTS.add(&mut self.segments, section.count()),
            Payload::ElementSection(section) => SEGMENTS.add(&mut self.segments, section.count()),
            Payload::CodeSectionEntry(body) => {
                let bytes = body.range().end - body.range().start;
                BODY.hold(bytes)?;
                CODE.add(&mut self.code, bytes)?;
                ALL_LOCALS.add(&mut self.locals, function(&body)?)
            }
            _ => Ok(()),
        }
    }
}

fn signatures(group: &wasmparser::RecGroup) -> Result<(), String> {
    for ty in group.types() {
        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
            PARAMETERS.hold(function.params().len() as u64)?;
            RESULTS.hold(function.results().len() as u64)?;
        }
    }
    Ok(())
}

/// The flow of control of one function; gives its locals.
fn function(body: &FunctionBody<'_>) -> Result<u64, String> {
    let mut locals = 0;
    for group in body.get_locals_reader().map_err(malformed)? {
        let (count, _) = group.map_err(malformed)?;
        LOCALS.add(&mut locals, count)?;
    }
    // Whether each open block is a loop. The function itself is one that is none.
    let mut open = vec![false];
    let (mut loops, mut loops_deep, mut branches) = (0, 0, 0u64);
    for operator in body.get_operators_reader().map_err(malformed)? {
        match operator.map_err(malformed)? {
            Operator::Loop { .. } => {
                open.push(true);
                LOOPS_DEEP.add(&mut loops, 1u32)?;
                loops_deep = loops_deep.max(loops);
                branches += 1;
            }
            Operator::Block { .. } | Operator::If { .. } => {
                open.push(false);
                branches += 1;
            }
            Operator::End => loops -= u64::from(open.pop() == Some(true)),
            Operator::Else | Operator::Br { .. } | Operator::BrIf { .. } => branches += 1,
            Operator::BrTable { targets } => branches += u64::from(targets.len()) + 1,
            _ => {}
        }
        BLOCKS_DEEP.hold(open.len() as u64)?;
    }
    LOOPED.hold(locals.saturating_mul(loops_deep))?;
    FLOW.hold((locals + 1).saturating_mul(branches))?;
    Ok(locals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check(&wat::parse_str(format!("(component (core module {text}))")).unwrap()).unwrap_err()
    }

    #[test]
    fn what_is_too_much_is_said_with_how_much_it_is_and_the_most() {
        let function = |body: &str| format!("(func {body})");
        let cases = [
            (
                function(&format!("(local {})", "i64 ".repeat(10_001))),
                "10001 locals in one function, the most is 10000",
            ),
            (function(&"(block ".repeat(4_096)) + &")".repeat(4_096), "4097 blocks inside of one another"),
            (function(&"(loop ".repeat(65)) + &")".repeat(65), "65 loops inside of one another"),
            (function(&"(drop (i64.const 1))".repeat(400_000)), "1200002 bytes in one function, the most is 524288"),
            (format!("(type (func (param {})))", "i32 ".repeat(129)), "129 parameters"),
            (format!("(type (func (result {})))", "i32 ".repeat(17)), "17 results"),
            (
                function(&format!("(local {})", "i64 ".repeat(10_000))).repeat(101),
                "1010000 locals, the most is 1000000",
            ),
            ("(func)".repeat(50_001), "50001 functions, the most is 50000"),
            ("(type (func))".repeat(20_001), "20001 types"),
            ("(table 20001 funcref)".to_owned(), "20001 elements in a table at the start, the most is 20000"),
            ("(table 1 funcref)".repeat(101), "101 tables"),
            ("(memory 1)".repeat(101), "101 memories"),
            ("(global i32 (i32.const 0))".repeat(50_001), "50001 globals"),
            ("(import \"a\" \"b\" (func))".repeat(50_001), "50001 imports"),
            (format!("(func $f) {}", exports(50_001)), "50001 exports"),
            (format!("(memory 1) {}", "(data \"\")".repeat(50_001)), "50001 data and element segments"),
        ];
        for (module, said) in cases {
            let fault = refused(&module);
            assert!(fault.starts_with(&format!("has {said}")), "{fault}");
        }
    }

    fn exports(count: u32) -> String {
        (0..count).map(|number| format!("(export \"{number}\" (func $f))")).collect()
    }

    #[test]
    fn many_locals_are_fine_and_many_branches_or_loops_are_and_both_are_not() {
        let locals = format!("(local {})", "i64 ".repeat(9_000));
        let branches = "(br_if 0 (i32.const 1))".repeat(8_000);
        let wrapped = |body: &str| wat::parse_str(format!("(component (core module (func {body})))")).unwrap();
        assert_eq!(check(&wrapped(&locals)), Ok(()));
        assert_eq!(check(&wrapped(&branches)), Ok(()));
        let loops = "(loop ".repeat(60) + &")".repeat(60);
        assert_eq!(check(&wrapped(&loops)), Ok(()));
        let fault = check(&wrapped(&(locals.clone() + &branches))).unwrap_err();
        assert_eq!(fault, "has 72008000 locals times branches in one function, the most is 33554432");
        let fault = check(&wrapped(&(locals + &loops))).unwrap_err();
        assert_eq!(fault, "has 540000 locals times loops inside of one another in one function, the most is 262144");
    }

    #[test]
    fn what_is_nested_is_counted_too() {
        let deep = "(component ".repeat(9) + &")".repeat(9);
        let fault = check(&wat::parse_str(format!("(component {deep})")).unwrap()).unwrap_err();
        assert_eq!(fault, "has 9 components and modules inside of one another, the most is 8");
        let twice = format!("(core module {})", "(func)".repeat(25_001));
        let fault = check(&wat::parse_str(format!("(component {twice} (component {twice}))")).unwrap()).unwrap_err();
        assert_eq!(fault, "has 50002 functions, the most is 50000");
        for (what, said) in [("(core module)", "101 modules"), ("(component)", "501 components")] {
            let count = if what == "(component)" { 501 } else { 101 };
            let fault = check(&wat::parse_str(format!("(component {})", what.repeat(count))).unwrap()).unwrap_err();
            assert!(fault.starts_with(&format!("has {said}")), "{fault}");
        }
    }

    #[test]
    fn what_is_only_declared_costs_nothing() {
        // 100 functions, each of which declares 2^32-1 locals four times in 21 bytes.
        let body = [&[4u8][..], &[0xff, 0xff, 0xff, 0xff, 0x0f, 0x7e].repeat(4), &[0x0b]].concat();
        let fault = check(&module_of(&body)).unwrap_err();
        assert_eq!(fault, "has 4294967295 locals in one function, the most is 10000");
    }

    /// A component with a module with one function of this body.
    fn module_of(body: &[u8]) -> Vec<u8> {
        let sized = |bytes: &[u8]| [&[u8::try_from(bytes.len()).unwrap()][..], bytes].concat();
        let section = |id: u8, bytes: &[u8]| [&[id][..], &sized(bytes)].concat();
        let types = section(1, &[1, 0x60, 0, 0]);
        let functions = section(3, &[1, 0]);
        let code = section(10, &[&[1][..], &sized(body)].concat());
        let module = [b"\0asm\x01\0\0\0".as_slice(), &types, &functions, &code].concat();
        [b"\0asm\x0d\0\x01\0".as_slice(), &section(1, &module)].concat()
    }
}
