import FlowRuntime
import Testing

@testable import FlowLog

struct EventDictionaryTests {
  /// Logs of format 1 can be inflated with these bytes only. If this fails, the dictionary was
  /// edited: put it back, or make a new log format.
  @Test func theDictionaryOfFormat1IsFrozen() {
    let dictionary = EventDictionary.version1
    #expect(dictionary.bytes.count == 2_585)
    #expect(hash(dictionary.bytes) == 2_757_374_901_179_253_015)
    // As the header of every segment holds it.
    #expect(dictionary.checksum == 63_389_681)
  }

  /// 64-bit FNV-1a.
  private func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
