import FlowCore
import FlowRuntime
import FlowSimulation
import FlowStorage
import Testing

/// Requests to cancel that any process can leave.
@Suite struct CancelRequestTests {
  private let storage = SimulatedStorage()
  private var requests: CancelRequests<SimulatedStorage> {
    CancelRequests(RunFolder(path: "/run"), in: storage)
  }

  init() throws {
    try storage.makeDirectory("/run")
    try storage.syncDirectory("/")
  }

  @Test func nobodyHasLeftAny() throws {
    #expect(try requests.all() == [])
  }

  @Test func theyAreFoundInTheOrderOfTheirIds() throws {
    let first = CancelRequest(id: 3, force: false)
    let second = CancelRequest(id: .max, force: false)
    let forced = CancelRequest(id: 1, force: true)
    for request in [forced, second, first, second] { try requests.file(request) }
    #expect(try requests.all() == [first, second, forced])
  }

  @Test func otherFilesAreLeftAlone() throws {
    try requests.file(CancelRequest(id: 0xAB, force: false))
    for name in ["x", "ab.cancel", "00000000000000AB.cancel", "00000000000000ab.stop", "1.2.3"] {
      _ = try storage.open("/run/requests/\(name)", .create)
    }
    #expect(try requests.all() == [CancelRequest(id: 0xAB, force: false)])
  }

  /// A request that was acknowledged is durable.
  @Test func aRequestSurvivesAPowerLoss() throws {
    let request = CancelRequest(id: 7, force: true)
    try requests.file(request)
    #expect(
      try CancelRequests(RunFolder(path: "/run"), in: storage.leastRemains()).all() == [request])
  }
}
