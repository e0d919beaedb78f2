import Testing

@testable import FlowSystem

/// What is said of an engine in the background that ended before its run existed.
struct DetachedEngineTests {
  private func words(_ failure: DetachedEngine.Failure) -> String {
    switch failure {
    case .ended(let code, let errors): "\(code) \(errors)"
    case .system(let errno): "\(errno)"
    }
  }

  @Test func whatItSaidIsPassedOn() {
    #expect(words(DetachedEngine.failure(.exit(2), having: "flow: no\n")) == "2 flow: no\n")
  }

  @Test func aSignalIsNamed() {
    #expect(
      words(DetachedEngine.failure(.signal(15), having: "note\n"))
        == "6 note\nflow: the engine in the background died by signal 15 (SIGTERM) before its run existed\n"
    )
  }
}
