import FlowCommandLine
import FlowCore
import FlowSystem
import FlowText

/// What `flow prove` prints.
struct ProofPrinter {
  let workflow: String
  let folder: String
  let seed: UInt64

  /// At most so many differences are named.
  private static let mostDifferences = 5

  // MARK: Text

  func beginning(_ size: FolderContents.Size, steps: Int, rounds: Int, in scratch: String) -> String
  {
    "\(escaped(workflow)): \(size.entries) files of \(ByteText.of(bytes: size.bytes)) are copied to"
      + " \(escaped(scratch)); at most \(2 + steps * rounds) runs\n"
  }

  func text(_ normal: Prover.Undisturbed) -> String {
    if normal.differences.isEmpty {
      return "two undisturbed runs leave the same \(normal.size.entries) files\n"
    }
    return "NOT deterministic: of two undisturbed runs, the second leaves another folder: "
      + Self.list(normal.differences)
      + "; what differs by itself is not looked at below\n"
  }

  func text(_ proof: StepProof) -> String {
    let name = escaped(proof.step)
    let kills =
      "killed \(proof.killed == 1 ? "once" : "\(proof.killed) times")"
      + (proof.killedAfterWork > 0 ? ", \(proof.killedAfterWork) of them after its work" : "")
    switch proof.verdict {
    case .idempotent: return "\(name): idempotent (\(kills))\n"
    case .stopsTheRun:
      return
        "\(name): a lost attempt fails the run, as its onLost says; nothing runs twice (\(kills))\n"
    case .untried:
      return "\(name): not tried: its attempt was over before it could be killed, or never began\n"
    case .differs(let differences):
      return fault(proof, "\(Self.list(differences))")
    case .fails(let errors):
      return fault(proof, "the run fails: \(escaped(Self.reason(errors)))")
    case .endless: return fault(proof, "the run does not end")
    }
  }

  private func fault(_ proof: StepProof, _ what: String) -> String {
    let when =
      switch proof.disturbance {
      case .afterItsWork: "killed when its work was done but not recorded"
      default: "killed after \(DurationText.of(microseconds: proof.killedAfterMicroseconds))"
      }
    let again = proof.onLost == .probe ? ", and resumed as its probe says" : ", and run again"
    let item = proof.item.map { "\(escaped($0)) was " } ?? ""
    var text = "\(escaped(proof.step)): NOT idempotent: \(item)\(when)\(again): \(what)"
    text += " (round \(proof.round ?? 0), --seed \(seed))\n"
    if let kept = proof.kept { text += "  the folder it left: \(escaped(kept))\n" }
    text +=
      proof.onLost == .probe
      ? "  its probe must tell whether the work is done, also when it is half done\n"
      : "  let it make its result anew and move it into place; or let onLost be \"fail\", which stops"
        + " the run, or \"probe\" with a command that tells whether its work is done\n"
    return text
  }

  /// What failed and what it printed, without the lines that lead and follow.
  private static func reason(_ errors: String) -> String {
    let lines = errors.unicodeScalars.split(separator: "\n").map { line in
      String(line.drop { $0 == " " })
    }
    let failure = lines.drop { !$0.hasPrefix("✗ ") }.prefix { !$0.hasPrefix("in /") }
    return (failure.isEmpty ? lines.suffix(3) : failure.prefix(5)).joined(separator: " | ")
  }

  private static func list(_ differences: [FolderDifference]) -> String {
    let named = differences.prefix(mostDifferences).map { TerminalText.escaped("\($0)") }
    let rest = differences.count - named.count
    return named.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
  }

  func end(_ proofs: [StepProof], isDeterministic: Bool) -> String {
    let faults = proofs.count(where: \.isFault)
    let untried = proofs.count { if case .untried = $0.verdict { true } else { false } }
    var text =
      faults == 0
      ? "\(proofs.count - untried) of \(proofs.count) steps may be run again"
      : "\(faults) of \(proofs.count) steps may not be run again"
    if !isDeterministic { text += "; the workflow is not deterministic" }
    return text
      + "\nWhat steps do outside of \(escaped(folder)) (databases, other machines) is not seen.\n"
  }

  private func escaped(_ text: String) -> String { TerminalText.escaped(text) }

  // MARK: JSON

  /// `{"workflow","folder","seed","deterministic","differences":[…],"steps":[{"step","verdict","onLost",
  /// "killed","killedAfterWork"` and for a fault `"round","item","killedAfterUs","kept"`, `"differences"` or
  /// `"errors"}]}`.
  func json(_ normal: Prover.Undisturbed, _ proofs: [StepProof]) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("workflow", workflow)
      json.member("folder", folder)
      json.member("seed", String(seed))
      json.member("deterministic", normal.differences.isEmpty)
      write(normal.differences, to: &json)
      json.key("steps")
      json.array { json in
        for proof in proofs { json.object { write(proof, to: &$0) } }
      }
    }
    json.endLine()
    return json.take()
  }

  private func write(_ proof: StepProof, to json: inout JSONWriter) {
    json.member("step", proof.step)
    json.member("verdict", Self.word(proof.verdict))
    json.member("onLost", "\(proof.onLost)")
    json.member("killed", proof.killed)
    json.member("killedAfterWork", proof.killedAfterWork)
    if let round = proof.round {
      json.member("round", round)
      if let item = proof.item { json.member("item", item) }
      json.member("killedAfterUs", proof.killedAfterMicroseconds)
      if let kept = proof.kept { json.member("kept", kept) }
    }
    switch proof.verdict {
    case .differs(let differences): write(differences, to: &json)
    case .fails(let errors): json.member("errors", errors)
    case .idempotent, .stopsTheRun, .untried, .endless: break
    }
  }

  private static func word(_ verdict: StepProof.Verdict) -> String {
    switch verdict {
    case .idempotent: "idempotent"
    case .stopsTheRun: "stopsTheRun"
    case .untried: "untried"
    case .differs: "differs"
    case .fails: "fails"
    case .endless: "endless"
    }
  }

  private func write(_ differences: [FolderDifference], to json: inout JSONWriter) {
    json.key("differences")
    json.array { json in
      for difference in differences {
        json.object { json in
          json.member("path", difference.path)
          json.member("what", "\(difference)")
        }
      }
    }
  }
}
