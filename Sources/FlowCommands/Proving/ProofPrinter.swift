import FlowCommandLine
import FlowCore
import FlowSystem
import FlowText

/// What `flow prove` says to people.
struct ProofPrinter {
  let workflow: String
  let folder: String
  let seed: UInt64
  let scope: ProofComparison.Scope

  /// At most so many differences, and links, are named.
  private static let mostNamed = 5

  // MARK: Text

  /// - Parameter notes: what must be known of this proof.
  func beginning(
    _ size: FolderContents.Size, steps: Int, rounds: Int, in scratch: String, notes: [String]
  ) -> String {
    let files = size.entries == 1 ? "1 file" : "\(size.entries) files"
    var text =
      "\(escaped(workflow)): \(files) of \(ByteText.of(bytes: size.bytes)), copied to"
      + " \(escaped(scratch)); at least \(2 + steps * rounds) runs; --seed \(seed)\n"
    for note in notes { text += "note: \(escaped(note))\n" }
    return text
  }

  /// Links that lead out of the folder.
  static func note(ofLinks links: [String]) -> String? {
    if links.isEmpty { return nil }
    let rest = links.count - links.prefix(mostNamed).count
    return
      "what is written through links that lead out of the folder is neither undone nor seen: "
      + links.prefix(mostNamed).joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
  }

  func text(_ normal: Prover.Undisturbed) -> String {
    let compared =
      switch scope {
      case .folder: normal.size.entries == 1 ? "file" : "\(normal.size.entries) files"
      case .declaredFiles:
        "\(normal.published.count) declared \(normal.published.count == 1 ? "path" : "paths")"
      }
    let outputs = normal.outputs.isEmpty ? "" : " and outputs"
    if normal.differences.isEmpty {
      return "two undisturbed runs leave the same \(compared)\(outputs)\n"
    }
    return "NOT deterministic: of two undisturbed runs, the second leaves something else: "
      + Self.list(normal.differences)
      + "; what differs by itself is not looked at below\n"
  }

  func text(_ proof: StepProof) -> String {
    let name = escaped(proof.step)
    let kills = kills(of: proof)
    switch proof.verdict {
    case .idempotent: return "\(name): idempotent (\(kills))\n"
    case .stopsTheRun(let aftermath): return stopped(proof, aftermath)
    case .tooShort:
      return
        "\(name): NOT proven: its attempt was over before it could be killed, in each of"
        + " \(Prover.tries) tries a round\n  nothing is known of it: try again with more --rounds,"
        + " or when the machine has less to do\n"
    case .neverRan:
      return "\(name): not proven: it did not run in the undisturbed runs\n"
    case .differs(let differences): return fault(proof, "\(Self.list(differences))")
    case .fails(let errors): return fault(proof, "the run fails: \(escaped(Self.reason(errors)))")
    case .endless: return fault(proof, "the run did not end in time, and was killed")
    }
  }

  private func kills(of proof: StepProof) -> String {
    var text = "killed \(Self.times(proof.killed))"
    if proof.killedAfterWork > 0 { text += ", \(proof.killedAfterWork) of them after its work" }
    if proof.missed > 0 { text += ", missed \(Self.times(proof.missed))" }
    return text
  }

  private static func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }

  private func stopped(_ proof: StepProof, _ aftermath: StepProof.Aftermath) -> String {
    let name = escaped(proof.step)
    let beginning =
      "\(name): a lost attempt fails the run, as its onLost says; after flow restart --failed"
    let kills = kills(of: proof)
    let right =
      "  \"fail\" is right for it: look at what it has left before you restart such a run\n"
    switch aftermath {
    case .same:
      return "\(beginning) all is as undisturbed (\(kills))\n  \"rerun\" would do for its onLost\n"
    case .differs(let differences):
      return "\(beginning) \(Self.list(differences)) \(moment(of: proof))\n\(right)"
    case .fails(let errors):
      return "\(beginning) the run fails again: \(escaped(Self.reason(errors)))"
        + " \(moment(of: proof))\n\(right)"
    case .endless:
      return
        "\(beginning) the run did not end in time, and was killed \(moment(of: proof))\n\(right)"
    }
  }

  /// `(killed after 412ms, round 3, --seed 9)`.
  private func moment(of proof: StepProof) -> String {
    "(\(Self.when(proof)), round \(proof.round ?? 0), --seed \(seed))"
  }

  private static func when(_ proof: StepProof) -> String {
    guard let kill = proof.kill, !kill.isAfterWork else {
      return "killed when its work was done but not recorded"
    }
    return "killed after \(DurationText.of(microseconds: kill.microseconds))"
  }

  private func fault(_ proof: StepProof, _ what: String) -> String {
    let again =
      switch proof.recovery {
      case .none: ""
      case .ranAgain: ", and run again"
      case .probeSaidDone: ", and its probe did not say that it must run again"
      case .probeSaidNotDone: ", and run again, as its probe said"
      }
    let item = proof.item.map { "\(escaped($0)) was " } ?? ""
    var text = "\(escaped(proof.step)): NOT idempotent: \(item)\(Self.when(proof))\(again): \(what)"
    text += " (round \(proof.round ?? 0), --seed \(seed))\n"
    if let kept = proof.kept { text += "  the folder it left: \(escaped(kept))\n" }
    return text + "  \(Self.advice(proof))\n"
  }

  /// What would have been right.
  static func advice(_ proof: StepProof) -> String {
    switch (proof.onLost, proof.recovery) {
    case (.probe, .probeSaidDone):
      "its probe must exit with 1 where the work is not done as a whole, and with 0 where it is: let"
        + " it look at what the command makes last, such as a file that is moved into place"
    case (.probe, _) where proof.kill?.isAfterWork == true:
      "its probe must exit with 0 where the work is done: it did not see that"
    case (.probe, _):
      "half of its work is there when it runs again: let it remove what is left of it first, or"
        + " make its result anew and move it into place"
    case (.rerun, _), (.fail, _):
      "let it make its result anew and move it into place; or let onLost be \"fail\", which stops"
        + " the run, or \"probe\" with a command that tells whether its work is done"
    }
  }

  /// What failed and what it printed, without the lines that lead and follow.
  private static func reason(_ errors: String) -> String {
    let lines = errors.unicodeScalars.split(separator: "\n").map { line in
      String(line.drop { $0 == " " })
    }
    let failure = lines.drop { !$0.hasPrefix("✗ ") }.prefix { !$0.hasPrefix("in /") }
    return (failure.isEmpty ? lines.suffix(3) : failure.prefix(5)).joined(separator: " | ")
  }

  private static func list(_ differences: [ProofDifference]) -> String {
    let named = differences.prefix(mostNamed).map { TerminalText.escaped($0.what) }
    let rest = differences.count - named.count
    return named.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
  }

  /// - Parameter undisturbed: where the folder is that an undisturbed run has left; nil if it is removed.
  func end(_ proofs: [StepProof], isDeterministic: Bool, undisturbed: String?) -> String {
    let faults = proofs.count(where: \.isFault)
    let unproven = proofs.count(where: \.isUnproven)
    let stopping = proofs.count {
      if case .stopsTheRun(let aftermath) = $0.verdict { aftermath != .same } else { false }
    }
    var text =
      faults == 0
      ? "\(proofs.count - unproven - stopping) of \(proofs.count) steps may be run again"
      : "\(faults) of \(proofs.count) steps may not be run again"
    if stopping > 0 { text += "; \(stopping) may not, and stop the run instead" }
    if unproven > 0 { text += "; \(unproven) not proven" }
    if !isDeterministic { text += "; the workflow is not deterministic" }
    text += "\n"
    if let undisturbed {
      text += "What an undisturbed run leaves, to compare: \(escaped(undisturbed))\n"
    }
    return text
      + "What steps do outside of \(escaped(folder)) (databases, other machines) is not seen.\n"
  }

  private func escaped(_ text: String) -> String { TerminalText.escaped(text) }
}
