import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// `environment` fires when commands inherit another one than that of their run.
struct EnvironmentCheckerTests {
  private static let (first, second) = (
    World.environment(ofProcess: 11), World.environment(ofProcess: 12)
  )

  /// A run that process 11 has created.
  private static func created() -> EnvironmentChecker {
    let checker = EnvironmentChecker(WorkflowDefinition(name: "w", steps: []))
    let host = HostContext(bootID: "boot")
    checker.learn(event(.engineStarted(EngineStarted(life: 1, processID: 11, host: host))))
    return checker
  }

  private static func event(_ body: Event.Body) -> Event {
    let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    return Event(sequence: 1, moment: moment, startsWakeUp: true, body: body)
  }

  private func fires(_ check: () throws(Violation) -> Void) -> Bool {
    do throws(Violation) { try check() } catch { return error.property == .environment }
    return false
  }

  @Test func theEnvironmentOfALaterEngineFires() {
    let checker = Self.created()
    #expect(!fires { () throws(Violation) in try checker.starts(Self.first) })
    checker.resumes(from: .run, Self.second)
    #expect(fires { () throws(Violation) in try checker.starts(Self.second) })
    #expect(!fires { () throws(Violation) in try checker.starts(Self.first) })
  }

  @Test func oneThatWasReplacedStaysReplaced() {
    let (checker, other) = (Self.created(), Self.created())
    for each in [checker, other] { each.resumes(from: .caller, Self.second) }
    // The engine may have died before or after it replaced it.
    #expect(!fires { () throws(Violation) in try other.starts(Self.first) })
    #expect(fires { () throws(Violation) in try other.starts(Self.second) })
    #expect(
      !fires { () throws(Violation) in
        try checker.found(.replaced(names: ["CALLER"]), Self.second)
      })
    #expect(fires { () throws(Violation) in try checker.starts(Self.first) })
    #expect(!fires { () throws(Violation) in try checker.starts(Self.second) })
  }

  @Test func aRunThatHasSucceededMayGetAnother() {
    let checker = Self.created()
    checker.learn(Self.event(.runFinished(.succeeded)))
    checker.resumes(from: .run, Self.second)
    #expect(!fires { () throws(Violation) in try checker.found(.saved, Self.second) })
    #expect(!fires { () throws(Violation) in try checker.starts(Self.second) })
    #expect(fires { () throws(Violation) in try checker.starts(Self.first) })
  }

  @Test(arguments: [EnvironmentNews.saved, .notSaved, .unreadable(path: "environment")])
  func aRunThatGoesOnLosesNone(news: EnvironmentNews) {
    let checker = Self.created()
    checker.resumes(from: .run, Self.second)
    #expect(fires { () throws(Violation) in try checker.found(news, Self.second) })
  }
}
