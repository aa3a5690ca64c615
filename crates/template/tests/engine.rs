//! Places of errors, bounds, overrides and traces.

use gw_template::{
    Empty, Fault, Leaf, Limits, Overrides, Position, Rendered, Source, Step, Template, Tracer,
};

fn render(text: &str) -> Result<Rendered, gw_template::RenderError> {
    Template::compile(text).expect("compiles").render(&Empty, Limits::default())
}

fn fault(text: &str) -> Fault {
    render(text).expect_err("fails").fault
}

#[test]
fn compile_errors_name_line_and_column() {
    for (text, line, column, part) in [
        ("a\n#if($x)\nb", 3, 2, "#end"),
        ("a\n  #set($x 1)", 2, 11, "expected ="),
        ("#foreach($i)x#end", 1, 1, "#foreach is written"),
        ("#if(true)x#else y#else z#end", 1, 18, "expected #end"),
        ("line\r\nline\r#parse(\"x\")", 3, 1, "not available"),
        ("x #set($a = \"b #if(\")", 1, 21, "in a string"),
        ("#end", 1, 1, "expected the end"),
        ("a $", 1, 4, "unexpected end"),
        ("é #macro", 1, 3, "#macro"),
    ] {
        let error = Template::compile(text).expect_err(text);
        assert_eq!(error.position, Position { line, column }, "{text:?}: {error}");
        assert!(error.message.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn render_errors_name_line_and_column() {
    let error = render("a\n#set($l = [1])\n  $l.get(4)").expect_err("out of range");
    assert_eq!(error.position, Position { line: 3, column: 6 });
    assert!(error.to_string().contains("IndexOutOfBoundsException"), "{error}");
}

#[test]
fn bombs_end_with_an_error() {
    let doubling = "#set($s = 'xxxxxxxxxx')#foreach($i in [1..100])#set($s = \"$s$s\")#end";
    assert!(matches!(fault(doubling), Fault::Size(_)));
    let lists = "#set($l = [1])#foreach($i in [1..100])#set($x = $l.addAll($l))#end";
    assert!(matches!(fault(lists), Fault::Steps(_)));
    let shared = "#set($a = [1])#foreach($i in [1..90])#set($a = [$a, $a])#end$a";
    assert!(matches!(fault(shared), Fault::Size(_)));
    let loops = "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])\
                 x#end#end#end";
    assert!(matches!(fault(loops), Fault::Steps(_)));
    assert!(matches!(fault("#set($x = [1..2000000000])"), Fault::Steps(_)));
    assert!(matches!(fault("#foreach($i in [1..1001])#end"), Fault::Loop(1000)));
    assert!(matches!(fault("#macro(m)#m()#end#m()"), Fault::Depth(20)));
    assert!(matches!(fault("#set($q = '#evaluate($q)')#evaluate($q)"), Fault::Depth(_)));
    assert!(matches!(fault("#set($s = 'ab')$s.repeat(2000000000)"), Fault::Size(_)));
    let deep = "#set($a = [])#foreach($i in [1..1000])#set($a = [$a])#end$a";
    assert!(matches!(fault(deep), Fault::Depth(_)));
}

#[test]
fn equal_structures_that_share_parts_compare_in_bounded_time() {
    let text = "#set($a = [1])#set($b = [1])#foreach($i in [1..90])#set($a = [$a, $a])\
                #set($b = [$b, $b])#end#if($a == $b)same#end";
    render(text).expect("an answer");
}

#[test]
fn deep_values_drop_without_recursion() {
    let text =
        "#set($a = [])#foreach($i in [1..900])#foreach($j in [1..900])#set($a = [$a])#end#end";
    let limits = Limits { steps: 10_000_000, ..Limits::default() };
    Template::compile(text).expect("works").render(&Empty, limits).expect("renders");
}

#[test]
fn circles_print_and_are_taken_apart() {
    assert_eq!(
        render("#set($l = [1])#set($x = $l.add($l))$l").expect("works").text,
        "[1, (this Collection)]"
    );
    let two = "#set($a = {})#set($b = {'a': $a})#set($x = $a.put('b', $b))$a";
    assert!(matches!(fault(two), Fault::Depth(_)));
}

#[test]
fn nesting_is_bounded_when_compiling() {
    for text in
        ["#if(true)".repeat(5000), "#set($x = ".to_owned() + &"(".repeat(5000), "[".repeat(9)]
    {
        let _ = Template::compile(&text);
    }
    let list = format!("#set($x = {}{})", "[".repeat(3000), "]".repeat(3000));
    assert!(Template::compile(&list).is_err());
    let sum = format!("#set($x = 1{})", " + 1".repeat(3000));
    assert!(Template::compile(&sum).is_err());
    let backslashes = "\\".repeat(300_000);
    assert_eq!(render(&backslashes).expect("works").text, backslashes);
}

struct Context;

impl Source for Context {
    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        (path == ["stage"]).then(|| Leaf::Text("prod".into()))
    }

    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        each(&["stage"], Leaf::Text("prod".into()));
    }
}

fn overrides(text: &str) -> Overrides {
    Template::compile(text)
        .expect("works")
        .render(&Context, Limits::default())
        .expect("works")
        .overrides
}

#[test]
fn overrides_are_read_back() {
    assert!(overrides("$context.stage").is_empty());
    let got = overrides(
        "#set($context.requestOverride.header.X = 'v')\
         #set($context.requestOverride['querystring']['q'] = ['a', 'b'])\
         $!context.requestOverride.path.put('p', 3)\
         #set($context.responseOverride.status = 444)\
         #set($context.responseOverride.header['X-Y'] = $context.stage)",
    );
    let one = |name: &str, value: &str| vec![(name.to_owned(), vec![value.to_owned()])];
    assert_eq!(got.request.header, one("X", "v"));
    assert_eq!(
        got.request.querystring,
        vec![("q".to_owned(), vec!["a".to_owned(), "b".to_owned()])]
    );
    assert_eq!(got.request.path, one("p", "3"));
    assert_eq!(got.response.status, Some(444));
    assert_eq!(got.response.header, one("X-Y", "prod"));
}

#[test]
fn statuses_out_of_range_are_ignored() {
    for (status, want) in [
        ("99", None),
        ("600", None),
        ("'x'", None),
        ("true", None),
        ("100", Some(100)),
        ("599", Some(599)),
    ] {
        let text = format!("#set($context.responseOverride.status = {status})");
        assert_eq!(overrides(&text).response.status, want, "{status}");
    }
}

#[derive(Default)]
struct Steps(Vec<String>);

impl Tracer for Steps {
    fn step(&mut self, position: Position, step: &Step<'_>) {
        self.0.push(format!("{}:{} {step:?}", position.line, position.column));
    }
}

#[test]
fn a_trace_tells_every_step() {
    let text = "#set($x = 2)\n#if($x > 1)$x#end#foreach($i in [7])$i#end#macro(m)!#end#m()$none";
    let mut steps = Steps::default();
    let rendered = Template::compile(text)
        .expect("works")
        .trace(&Empty, Limits::default(), &mut steps)
        .expect("works");
    assert_eq!(rendered.text, "27!$none");
    assert_eq!(
        steps.0,
        [
            "1:1 Set { target: \"$x\", value: Some(\"2\") }",
            "2:8 Condition { holds: true }",
            "2:12 Reference { text: \"$x\", printed: \"2\" }",
            "2:18 Turn { count: 1 }",
            "2:37 Reference { text: \"$i\", printed: \"7\" }",
            "2:57 Macro { name: \"m\" }",
            "2:61 Reference { text: \"$none\", printed: \"$none\" }",
        ]
    );
}
