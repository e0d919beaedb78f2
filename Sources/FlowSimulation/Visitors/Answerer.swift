import FlowCore
import FlowRuntime

/// Answerers are people who hear of a question, and answer it: late, twice, what was asked before, or
/// something that is no answer. One of them comes again until the question is answered.
struct Answerers {
  /// By step, the number of the event that asked; of questions without an end.
  var open: [Int32: Int64] = [:]
  /// How many answers were made: their ids.
  var count: UInt64 = 0
  /// The last question that was heard of before: its answers come too late.
  var earlier: (step: Int32, asked: Int64)?
}

extension World {
  /// An event is durable, of which people hear.
  func hear(_ event: Event) {
    switch event.body {
    case .asked(let step):
      answerers.open[step] = event.sequence
      // How many more come, besides the one who comes again.
      let others = isHealed ? 0 : choices.choose(.answers, below: 3)
      for _ in 0..<others { arrangeAnswer(to: step, asked: event.sequence, isSteady: false) }
      arrangeAnswer(to: step, asked: event.sequence, isSteady: true)
    case .stepFinished(let step, _):
      if let asked = answerers.open.removeValue(forKey: step) { answerers.earlier = (step, asked) }
    default: break
    }
  }

  private func arrangeAnswer(to step: Int32, asked: Int64, isSteady: Bool) {
    let delays: [Int64] = [0, 10_000, 1_000_000, 5_000_000, 90_000_000]
    let delay = isHealed ? 1_000_000 : delays[choices.choose(.answers, below: delays.count)]
    arrange(
      .answer(step: step, asked: asked, isSteady: isSteady), afterMicroseconds: delay)
  }

  /// - Parameter isSteady: whether it is a right answer, by someone who comes again until there is one.
  func answer(step: Int32, asked: Int64, isSteady: Bool) {
    let isOpen = answerers.open[step] == asked
    if isSteady && !isOpen { return }
    let filed = isSteady ? rightAnswer(step, asked) : someAnswer(step, asked)
    leave(filed)
    if isSteady {
      arrange(
        .answer(step: step, asked: asked, isSteady: true),
        afterMicroseconds: Self.patienceMicroseconds)
    }
  }

  /// When someone who has answered looks again whether that has come to anything.
  private static let patienceMicroseconds: Int64 = 30_000_000

  private func rightAnswer(_ step: Int32, _ asked: Int64) -> FiledAnswer {
    let fields = run?.definition.outputs(ofStep: Int(step)) ?? []
    let isRejected = !isHealed && choices.happens(.answers, perMille: 300)
    var answer = newAnswer(asked, isRejected ? .rejected : .approved)
    if !isRejected {
      answer.values = fields.enumerated().map {
        OutputPart(
          output: Int32($0.offset), bytes: RandomQuestions.value(of: $0.element.type, from: choices)
        )
      }
    }
    return FiledAnswer(step: step, answer)
  }

  private func newAnswer(_ asked: Int64, _ verdict: Verdict) -> Answer {
    answerers.count += 1
    return Answer(id: answerers.count, asked: asked, verdict, at: wallNow, note: "n")
  }

  /// One that may be right, or not.
  private func someAnswer(_ step: Int32, _ asked: Int64) -> FiledAnswer {
    var filed = rightAnswer(step, asked)
    switch choices.choose(.answers, below: 5) {
    case 0, 1: return filed
    // To what was asked before.
    case 2:
      if let earlier = answerers.earlier {
        filed.step = earlier.step
        filed.answer.asked = earlier.asked
      } else {
        filed.answer.asked -= 1
      }
    // To what nobody has asked.
    case 3:
      filed.step = Int32(choices.choose(.answers, below: (run?.definition.steps.count ?? 0) + 1))
    default:
      filed.answer.verdict = filed.answer.verdict == .approved ? .rejected : .approved
      filed.answer.values.append(OutputPart(output: 7, bytes: [0xFF]))
    }
    befell(.answerIsWrong)
    return filed
  }

  /// A request is left, whether an engine lives or not. Who leaves it may crash on the way.
  private func leave(_ filed: FiledAnswer) {
    guard let folder = run?.folder, exists(folder) else { return }
    checkers.tries(filed)
    if !isHealed, choices.happens(.answererDeaths, perMille: 150) {
      visitors.operationsLeft = choices.choose(.answererDeaths, below: 8)
      befell(.answererDies)
    }
    let isLeft = visit {
      do throws(RunError) { try AnswerRequests(folder, in: storage).file(filed) } catch {
        return false
      }
      return true
    }
    if isLeft { checkers.left(filed) }
    visitors.operationsLeft = nil
    if engine.isDead {
      befell(.answerLeftToNoEngine)
    } else {
      // An engine looks each second, or is told sooner.
      let delay = [0, 10_000, Self.requestLookMicroseconds][choices.choose(.answers, below: 3)]
      arrange(.requestNotice(life: engine.life), afterMicroseconds: delay)
    }
  }
}

extension SimulatedStorage {
  /// Whom everything belongs to.
  static let owner: UInt32 = 1_000
}
