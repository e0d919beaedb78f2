/// Appends values to bytes: integers as LEB128 varints (seven bits a byte, lowest first), signed
/// ones zigzag-folded first, strings and byte sequences after their length.
package struct ByteWriter {
  package var bytes: [UInt8] = []

  package init() {}

  package mutating func write(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func write(signed value: Int64) {
    write(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// A number that is never negative.
  package mutating func write(count value: some BinaryInteger) {
    precondition(value >= 0, "a count cannot be \(value)")
    write(UInt64(value))
  }

  package mutating func write(_ value: Bool) {
    bytes.append(value ? 1 : 0)
  }

  package mutating func write(_ string: String) {
    write(count: string.utf8.count)
    bytes.append(contentsOf: string.utf8)
  }

  package mutating func write(_ sequence: [UInt8]) {
    write(count: sequence.count)
    bytes.append(contentsOf: sequence)
  }

  /// An optional value: zero, or one and the value.
  package mutating func write<Value>(
    optional value: Value?, _ body: (inout ByteWriter, Value) -> Void
  ) {
    write(value != nil)
    if let value { body(&self, value) }
  }

  package mutating func write<Element>(
    list elements: [Element], _ body: (inout ByteWriter, Element) -> Void
  ) {
    write(count: elements.count)
    for element in elements { body(&self, element) }
  }
}

/// Reads the output of `ByteWriter`. Every length is checked before use.
package struct ByteReader {
  private let bytes: [UInt8]
  package private(set) var position: Int
  /// The end of the bytes, or of the current field.
  private var end: Int
  /// The remaining memory budget for elements of lists, in bytes: one encoded byte can expand to
  /// many.
  package var roomForLists = Int.max

  package init(_ bytes: [UInt8], from position: Int = 0) {
    self.bytes = bytes
    self.position = position
    end = bytes.count
  }

  package var isAtEnd: Bool { position == end }
  private var remaining: Int { end - position }

  package mutating func readByte() throws(CodingError) -> UInt8 {
    guard position < end else { throw CodingError(offset: position, reason: .truncated) }
    let byte = bytes[position]
    position += 1
    return byte
  }

  package mutating func readUnsigned() throws(CodingError) -> UInt64 {
    // Most numbers are small.
    if position < end, bytes[position] < 0x80 {
      position += 1
      return UInt64(bytes[position - 1])
    }
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readByte()
      let part = UInt64(byte & 0x7F)
      // Ten bytes hold 70 bits: the tenth may use only one, and a trailing zero byte would give one
      // number two encodings.
      guard shift < 63 || part <= 1, byte != 0 || shift == 0 else {
        throw CodingError(offset: start, reason: .malformed("integer"))
      }
      value |= part << shift
      if byte < 0x80 { return value }
      shift += 7
      guard shift < 70 else { throw CodingError(offset: start, reason: .malformed("integer")) }
    }
  }

  package mutating func readSigned() throws(CodingError) -> Int64 {
    let folded = try readUnsigned()
    return Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1)
  }

  package mutating func readCount<Number: FixedWidthInteger>(
    as type: Number.Type = Number.self
  ) throws(CodingError) -> Number {
    let start = position
    guard let value = Number(exactly: try readUnsigned()) else {
      throw CodingError(offset: start, reason: .malformed("count"))
    }
    return value
  }

  package mutating func readBool() throws(CodingError) -> Bool {
    switch try readByte() {
    case 0: return false
    case 1: return true
    default: throw CodingError(offset: position - 1, reason: .malformed("boolean"))
    }
  }

  package mutating func readBytes() throws(CodingError) -> [UInt8] {
    let count = try readLength()
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  package mutating func readString() throws(CodingError) -> String {
    try readText(try readLength())
  }

  /// A string that fills the rest of the field.
  package mutating func readTextToEnd() throws(CodingError) -> String {
    try readText(remaining)
  }

  /// The remaining bytes of the field.
  package mutating func readToEnd() -> [UInt8] {
    defer { position = end }
    return Array(bytes[position..<end])
  }

  /// Reads a length and as many bytes, all of which `body` must consume.
  package mutating func readField<Value>(
    _ body: (inout ByteReader) throws(CodingError) -> Value
  ) throws(CodingError) -> Value {
    let count = try readLength()
    let outer = end
    end = position + count
    let value = try body(&self)
    guard isAtEnd else { throw CodingError(offset: position, reason: .malformed("end of a field")) }
    end = outer
    return value
  }

  private mutating func readText(_ count: Int) throws(CodingError) -> String {
    let place = position..<position + count
    position = place.upperBound
    guard let text = try? UTF8Span(validating: bytes.span.extracting(place)) else {
      throw CodingError(offset: place.lowerBound, reason: .malformed("UTF-8 text"))
    }
    return String(copying: text)
  }

  /// A raw value of an enumeration, to which a newer flow may have added cases.
  ///
  /// - Parameter name: the name of the value, for messages.
  package mutating func readCase<Value: RawRepresentable<UInt8>>(
    _ name: String
  ) throws(CodingError) -> Value {
    let start = position
    let code = try readByte()
    guard let value = Value(rawValue: code) else { throw .newer(name, code, at: start) }
    return value
  }

  package mutating func readOptional<Value>(
    _ body: (inout ByteReader) throws(CodingError) -> Value
  ) throws(CodingError) -> Value? {
    try readBool() ? try body(&self) : nil
  }

  package mutating func readList<Element>(
    _ body: (inout ByteReader) throws(CodingError) -> Element
  ) throws(CodingError) -> [Element] {
    // Every element takes at least a byte, so a count above the remaining bytes is rejected early.
    let start = position
    let count = try readLength()
    // There are at most as many elements as bytes, so the product cannot overflow.
    try take(count * MemoryLayout<Element>.stride, at: start)
    var elements: [Element] = []
    // An element can take far more memory than encoded bytes, so the declared count must not decide
    // how much is reserved.
    elements.reserveCapacity(min(count, 1_024))
    for _ in 0..<count { elements.append(try body(&self)) }
    return elements
  }

  /// Takes memory for elements of lists out of the budget.
  package mutating func take(_ byteCount: Int, at offset: Int) throws(CodingError) {
    roomForLists -= byteCount
    guard roomForLists >= 0 else { throw CodingError(offset: offset, reason: .tooMany) }
  }

  private mutating func readLength() throws(CodingError) -> Int {
    let start = position
    let count = try readUnsigned()
    guard count <= UInt64(remaining) else {
      throw CodingError(offset: start, reason: .truncated)
    }
    return Int(count)
  }
}

/// Bytes that `ByteWriter` cannot have written, or that a newer flow wrote.
package struct CodingError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    case truncated
    /// The value that was expected there.
    case malformed(String)
    /// Lists that would exceed the memory budget.
    case tooMany
    /// A description of a value that only a newer flow can have written.
    case newer(String)
  }

  /// The offset of the value in the bytes.
  package let offset: Int
  package let reason: Reason

  package init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  package var description: String {
    switch reason {
    case .truncated: "the bytes end within the value at offset \(offset)"
    case .malformed(let what): "invalid \(what) at offset \(offset)"
    case .tooMany: "the list at offset \(offset) is too long"
    case .newer(let what): "\(what): written by a newer flow"
    }
  }

  /// Whether the bytes are valid, but written by a newer flow.
  package var isNewer: Bool { if case .newer = reason { true } else { false } }
}
