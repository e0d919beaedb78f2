import FlowCore
import Testing

@Suite struct ByteCodingTests {
  @Test(
    arguments: [
      (0, "00"), (1, "01"), (127, "7f"), (128, "80 01"), (300, "ac 02"), (16_383, "ff 7f"),
      (16_384, "80 80 01"), (UInt64.max, "ff ff ff ff ff ff ff ff ff 01"),
    ] as [(UInt64, String)])
  func integersTakeSevenBitsAByte(value: UInt64, bytes: String) throws {
    var writer = ByteWriter()
    writer.write(value)
    #expect(hexadecimal(writer.bytes) == bytes)
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readUnsigned() == value)
    #expect(reader.isAtEnd)
  }

  @Test(
    arguments: [
      (0, "00"), (-1, "01"), (1, "02"), (-64, "7f"), (64, "80 01"),
      (Int64.max, "fe ff ff ff ff ff ff ff ff 01"), (Int64.min, "ff ff ff ff ff ff ff ff ff 01"),
    ] as [(Int64, String)])
  func smallNegativeIntegersAreShort(value: Int64, bytes: String) throws {
    var writer = ByteWriter()
    writer.write(signed: value)
    #expect(hexadecimal(writer.bytes) == bytes)
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readSigned() == value)
  }

  @Test(
    arguments: [
      // A last byte of zero: a longer spelling of a shorter number.
      "80 00", "ff 80 00",
      // More than 64 bits.
      "ff ff ff ff ff ff ff ff ff 02", "ff ff ff ff ff ff ff ff ff 81 01",
    ])
  func otherSpellingsOfIntegersAreRefused(bytes: String) {
    var reader = ByteReader(bytesOf(bytes))
    #expect(throws: CodingError(offset: 0, reason: .malformed("integer"))) {
      try reader.readUnsigned()
    }
  }

  @Test func aCountMustFit() throws {
    var reader = ByteReader(bytesOf("ff ff ff ff 07"))
    #expect(try reader.readCount(as: Int32.self) == .max)
    reader = ByteReader(bytesOf("80 80 80 80 08"))
    #expect(throws: CodingError(offset: 0, reason: .malformed("count"))) {
      try reader.readCount(as: Int32.self)
    }
  }

  /// Before anything is set aside for it.
  @Test(arguments: ["02 61", "ff ff ff ff ff ff ff ff ff 01 61"])
  func aLengthBeyondTheEndIsRefused(bytes: String) {
    let expected = CodingError(offset: 0, reason: .truncated)
    var reader = ByteReader(bytesOf(bytes))
    #expect(throws: expected) { try reader.readBytes() }
    reader = ByteReader(bytesOf(bytes))
    #expect(throws: expected) { try reader.readString() }
    reader = ByteReader(bytesOf(bytes))
    #expect(throws: expected) {
      try reader.readList { (reader) throws(CodingError) in try reader.readByte() }
    }
  }

  /// A thousand elements of this would take more memory than there is, and the bytes hold none.
  @Test func noRoomIsSetAsideForWhatACountSays() {
    typealias Large = InlineArray<4_096, UInt64>
    var writer = ByteWriter()
    writer.write(count: 1 << 20)
    writer.bytes += [UInt8](repeating: 0xff, count: 1 << 20)
    var reader = ByteReader(writer.bytes)
    #expect(throws: CodingError.self) {
      _ = try reader.readList { (reader) throws(CodingError) -> Large in
        Large(repeating: try reader.readUnsigned())
      }
    }
  }

  @Test(
    arguments: [
      (CodingError.Reason.truncated, "the bytes end within the value at offset 3"),
      (.malformed("timer"), "invalid timer at offset 3"),
      (.tooMany, "the list at offset 3 is too long"),
      (
        .newer("an event has the kind 99"),
        "an event has the kind 99: written by a newer flow"
      ),
    ])
  func errorsSayWhatAndWhere(reason: CodingError.Reason, description: String) {
    #expect(CodingError(offset: 3, reason: reason).description == description)
  }
}
