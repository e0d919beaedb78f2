import FlowCore
import Testing

struct TemplateTests {
  private func text(_ template: String) throws -> String {
    try Template(template).text { reference in
      switch reference {
      case .parameter(let name): "<\(name)>"
      case .output(let step, let name): "<\(step)|\(name)>"
      case .item(let field): "<item\(field.map { "|\($0)" } ?? "")>"
      case .runID: "<id>"
      case .workflowName: "<name>"
      case .result(let step): "<\(step)|ended>"
      case .outcome: "<outcome>"
      }
    }
  }

  @Test(arguments: [
    ("", ""), ("plain $HOME {} }", "plain $HOME {} }"), ("${params.a}", "<a>"),
    ("x${params.a}y${run.id}z${run.name}", "x<a>y<id>z<name>"), ("$${params.a}", "${params.a}"),
    ("$$${params.a}", "$${params.a}"), ("$${${run.id}", "${<id>"), ("a$", "a$"),
    ("${item}", "<item>"), ("${item.a b}-${item.ä}", "<item|a b>-<item|ä>"),
    ("é${params.n_1}😀", "é<n_1>😀"), ("${steps.a-1.v_2}", "<a-1|v_2>"),
    (#"${steps["a.b/c"].v}"#, "<a.b/c|v>"), ("${steps.a.result}", "<a|ended>"),
    ("${run.outcome}", "<outcome>"),
  ])
  func referencesAreReplacedAndNothingElse(template: String, expected: String) throws {
    #expect(try text(template) == expected)
  }

  @Test(arguments: [
    "${", "${params.a", "${}", "${params}", "${items}", "${item.}", "${steps.a}", "${steps.a.b.c}",
    "${steps..b}",
    "${steps.a.}", "${steps.a.b-c}", #"${steps["a"]b}"#, #"${steps[""].b}"#, "${steps[a].b}",
    "${stepsa.b}", "${run.ID}", "${ run.id}",
    "${HOME}", "${run.id}${x}",
  ])
  func whatStandsForNothingIsRefused(template: String) {
    #expect(throws: Template.Fault.self) { try Template(template) }
  }

  /// A value is text, whatever it looks like.
  @Test func valuesAreNotReadAgain() throws {
    let template = try Template("a ${params.x} b")
    #expect(template.text { _ in "${params.x} $${" } == "a ${params.x} $${ b")
  }

  @Test func aWholeParameterIsKnown() throws {
    #expect(try Template("${params.list}").onlyParameter == "list")
    for other in ["${params.list} ", "${run.id}", "x", "${params.a}${params.b}"] {
      #expect(try Template(other).onlyParameter == nil)
    }
  }
}
