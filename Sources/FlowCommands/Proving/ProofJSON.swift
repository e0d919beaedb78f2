import FlowCommandLine
import FlowCore

/// What `flow prove --json` prints: `{"workflow","folder","seed","compared","notes":[…],"deterministic",
/// "differences":[…],"undisturbed","steps":[{"step","verdict","onLost","killed","killedAfterWork","missed"`, for
/// what a round has found `"round","item","killedAfterUs","recovery","kept"`, and `"differences"`, `"errors"` or
/// `"afterRestart"}]}`.
struct ProofJSON {
  let printer: ProofPrinter
  let notes: [String]
  /// Where the folder is that an undisturbed run has left; nil if it is removed.
  let undisturbed: String?

  func text(_ normal: Prover.Undisturbed, _ proofs: [StepProof]) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("workflow", printer.workflow)
      json.member("folder", printer.folder)
      json.member("seed", String(printer.seed))
      json.member("compared", printer.scope == .folder ? "folder" : "declaredFiles")
      json.key("notes")
      json.array { json in
        for note in notes { json.string(note) }
      }
      json.member("deterministic", normal.differences.isEmpty)
      write(normal.differences, to: &json)
      if let undisturbed { json.member("undisturbed", undisturbed) }
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
    json.member("missed", proof.missed)
    if let round = proof.round {
      json.member("round", round)
      if let item = proof.item { json.member("item", item) }
      if let kill = proof.kill { json.member("killedAfterUs", kill.microseconds) }
      json.member("recovery", proof.recovery.rawValue)
      if let kept = proof.kept { json.member("kept", kept) }
    }
    switch proof.verdict {
    case .differs(let differences): write(differences, to: &json)
    case .fails(let errors): json.member("errors", errors)
    case .stopsTheRun(let aftermath):
      json.key("afterRestart")
      json.object { json in
        switch aftermath {
        case .same: json.member("verdict", "same")
        case .differs(let differences):
          json.member("verdict", "differs")
          write(differences, to: &json)
        case .fails(let errors):
          json.member("verdict", "fails")
          json.member("errors", errors)
        case .endless: json.member("verdict", "endless")
        }
      }
    case .idempotent, .tooShort, .neverRan, .endless: break
    }
  }

  private static func word(_ verdict: StepProof.Verdict) -> String {
    switch verdict {
    case .idempotent: "idempotent"
    case .stopsTheRun: "stopsTheRun"
    case .tooShort: "tooShort"
    case .neverRan: "neverRan"
    case .differs: "differs"
    case .fails: "fails"
    case .endless: "endless"
    }
  }

  private func write(_ differences: [ProofDifference], to json: inout JSONWriter) {
    json.key("differences")
    json.array { json in
      for difference in differences {
        json.object { json in
          switch difference.subject {
          case .path(let path): json.member("path", path)
          case .output(let name): json.member("output", name)
          }
          json.member("what", difference.what)
        }
      }
    }
  }
}
