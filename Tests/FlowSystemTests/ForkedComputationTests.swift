import FlowSystem
import Testing

/// Other tests run in threads that do not exist in a copy of the process. The computations here
/// allocate no memory, since such a thread might hold the allocator's lock.
struct ForkedComputationTests {
  /// More than a pipe holds.
  private let bytes = [UInt8](repeating: 7, count: 200_000)

  @Test func whatIsComputedIsGivenBack() throws {
    let given = try ForkedComputation.bytes { bytes }
    #expect(given == bytes)
    let nothing: [UInt8] = []
    let empty = try ForkedComputation.bytes { nothing }
    #expect(empty == nothing)
  }

  @Test func whatBreaksAPreconditionComesToNothing() throws {
    let isBroken = bytes.count == 200_000
    let given = try ForkedComputation.bytes {
      precondition(!isBroken)
      return bytes
    }
    #expect(given == nil)
  }
}
