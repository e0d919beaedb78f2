import Testing

@testable import FlowLog

/// The format to the byte. The expected bytes were computed independently, from the description in
/// `LogFormat`, and never change for version 1.
@Suite struct FormatTests {
  @Test func version1() throws {
    let storage = MemoryStorage()
    var options = LogOptions.small()
    options.dictionary = PresetDictionary([1, 2, 3])
    var log = try LogWriter.create(
      in: "log", storage, salt: 0x0403_0201, engineLife: 7, options)
    try log.append([0x61, 0x62, 0x63].span, events: 2, from: 1)
    try log.sync()
    try log.seal()
    #expect(hex(storage[segment1]) == Self.expected.joined())
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { (String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)) }.joined()
  }

  private static let expected = [
    "89464c4f574c4f47010080000102030401000000000000000100000000000000",
    "0000000000000000000000000000000000000000000000000000000007000000",
    "0000100000000000001000000000000000000000000000008000000000000000",
    "1d80bc550000000000000000000000000000000000000000000000006169a271",
    "664c011101020304010000000000000000000000000000000200000003000000",
    "030000001308964d602a973900afd29861626300000000a5664c010201020304",
    "030000000000000002000000000000000000000000000000000000000e889ec3",
    "3ac81a1f08854e5700000000000000a5",
  ]
}
