import FlowCore
import FlowPublication
import Testing

/// The engine and the process that publishes know nothing of each other, and must mean the same.
@Suite struct PublicationAgreementTests {
  @Test func exitCodesAreThoseThatDecisionsKnow() {
    #expect(Int32(PublicationCode.nothingPrepared) == PublicationExit.notBegun.rawValue)
    #expect(Int32(PublicationCode.isGone) == PublicationExit.gone.rawValue)
    #expect(PublicationExit.published.rawValue == 0)
  }

  @Test func stagesAreInTheSameFolder() {
    #expect(StepFiles.stages == Stage.folder)
  }
}
