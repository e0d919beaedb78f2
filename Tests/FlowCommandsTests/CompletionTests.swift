import FlowCommandLine
import FlowCore
import Testing

@testable import FlowCommands

/// What is completed, by the syntax of the commands.
struct CompletionTests {
  private static let commands = Invocation.commands.map { $0.syntax }

  /// - Parameter line: the words after `flow`; the one to complete is the last, which may be empty.
  private func request(_ line: String) -> CompletionRequest {
    CompletionRequest(
      line.split(separator: " ", omittingEmptySubsequences: false).map(String.init),
      Self.commands)
  }

  private func words(_ line: String) -> [String]? {
    guard case .words(let candidates) = request(line) else { return nil }
    return candidates.map(\.text)
  }

  @Test func everyCommandIsCompleted() {
    #expect(words("") == Self.commands.map { $0.name ?? "" })
    #expect(words("ex") == ["export"] && words("zzz") == [])
    #expect(words("re") == ["restart", "replay", "report"])
    #expect(words("--") == ["--help", "--version"])
    #expect(words("help sta") == ["status"])
    #expect(words("nope ") == [] && words("nope --") == [])
  }

  @Test func everyOptionIsCompleted() {
    for command in Self.commands {
      let name = command.name ?? ""
      #expect(words("\(name) --") == command.options.map(\.spelling), "\(name)")
    }
    #expect(words("run --det") == ["--detach"])
    // Once is enough, but for one that may be repeated.
    #expect(words("run --quiet --q") == [] && words("run -q --q") == [])
    #expect(words("run -p a=b w.yaml --para") == ["--param", "--params"])
    #expect(words("run -- --q") == nil)
  }

  @Test func severalStepsAreCompletedOneByOne() {
    #expect(
      request("run w.yaml --only ") == .steps(.file("w.yaml"), prefix: "", typed: ""))
    #expect(
      request("run w.yaml --skip=a,b,c")
        == .steps(.file("w.yaml"), prefix: "--skip=a,b,", typed: "c"))
    #expect(
      request("restart r --from load,") == .steps(.run("r"), prefix: "load,", typed: ""))
    #expect(
      request("validate w.yaml --require pub") == .steps(.file("w.yaml"), prefix: "", typed: "pub"))
  }

  /// An option that takes words says so in its help; the other way round it is completed.
  @Test func valuesThatAreWordsAreCompleted() {
    #expect(words("run --on-conflict ") == OnConflict.allCases.map { "\($0)" })
    #expect(words("run --on-conflict=re") == ["--on-conflict=resume", "--on-conflict=replace"])
    #expect(words("run --on-term d") == ["detach"])
    #expect(words("export latest -f m") == ["mermaid"])
    #expect(words("completions ") == ["bash", "zsh", "fish"])
    #expect(words("man flow.5 ") == [] && words("man ") == ["flow.1", "flow.5"])
    for command in Self.commands {
      for option in command.options where !option.words.isEmpty {
        for word in option.words {
          #expect(option.help.contains(word), "\(option.spelling) of \(command.invocation)")
        }
      }
    }
  }

  @Test func namesAreCompletedByWhatTheyName() {
    #expect(request("run ") == .files && request("run -q w") == .files)
    #expect(request("run --params ") == .files && request("report latest -o x") == .files)
    #expect(request("verify ./") == .files)
    #expect(request("status ni") == .runs(prefix: "", typed: "ni"))
    #expect(request("wait a b ") == .runs(prefix: "", typed: ""))
    #expect(request("status a ") == .words([]))
    #expect(request("why r1 lo") == .steps(.run("r1"), prefix: "", typed: "lo"))
    #expect(request("logs --follow r1 ") == .steps(.run("r1"), prefix: "", typed: ""))
    #expect(request("run -p ") == .words([]))
    #expect(
      request("run w.yaml -p da") == .parameters(file: "w.yaml", prefix: "", typed: "da"))
    #expect(
      request("run -j 4 -qp x=1 w.yaml --param=da")
        == .parameters(file: "w.yaml", prefix: "--param=", typed: "da"))
    // A number has nothing to propose.
    #expect(request("run --jobs ") == .words([]))
  }
}
