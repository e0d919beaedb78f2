/// A text to read as YAML, checked for what no YAML can hold.
struct YAMLText {
  /// How many lines may begin with a percent sign. These are directives, of which one is of use;
  /// libyaml compares each with all before it.
  static let directiveLimit = 64

  let bytes: [UInt8]
  /// Behind a byte order mark.
  let start: Int
  /// Where the text ends that libyaml can be given: the end of the file, or the first fault.
  let end: Int
  let fault: TextFault?
  /// Whether an offset in the text is a number of code points.
  let isASCII: Bool

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    start = JSONScanner.byteOrderMarkLength(in: bytes)
    var position = start
    var isASCII = true
    var fault: TextFault?
    var isLineStart = true
    var directives = 0
    while position < bytes.count {
      if isLineStart && bytes[position] == UInt8(ascii: "%") {
        directives += 1
        if directives > Self.directiveLimit {
          fault = TextFault(
            offset: position, message: "at most \(Self.directiveLimit) lines can begin with \"%\"")
          break
        }
      }
      // Nearly all of nearly all files.
      while position < bytes.count, 0x20 <= bytes[position], bytes[position] < 0x7F {
        position += 1
      }
      guard position < bytes.count else { break }
      let byte = bytes[position]
      isLineStart = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      if isLineStart || byte == UInt8(ascii: "\t") {
        position += 1
        continue
      }
      isASCII = false
      guard let length = UTF8Check.length(of: bytes, at: position) else {
        fault = TextFault(offset: position, message: UTF8Check.fault(byte))
        break
      }
      let next = bytes[position..<(position + length)]
      if let message = Self.fault(next) {
        fault = TextFault(offset: position, message: message)
        break
      }
      // NEL, LS and PS end a line of YAML too.
      isLineStart =
        next.elementsEqual([0xC2, 0x85]) || next.elementsEqual([0xE2, 0x80, 0xA8])
        || next.elementsEqual([0xE2, 0x80, 0xA9])
      position += length
    }
    end = position
    self.fault = fault
    self.isASCII = isASCII
  }

  /// Why YAML does not allow a character that is well-formed; nil if it does. These are the rules of
  /// libyaml, which would say neither which character it is nor what to do.
  private static func fault(_ character: ArraySlice<UInt8>) -> String? {
    let (first, last) = (character[character.startIndex], character[character.endIndex - 1])
    let isControl = first < 0x80 || first == 0xC2 && last < 0xA0 && last != 0x85
    let isNone = first == 0xEF && last >= 0xBE && character[character.startIndex + 1] == 0xBF
    guard isControl || isNone else { return nil }
    if first == 0 { return nul }
    let scalar = String(decoding: character, as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
    let digits = String(0x10000 + scalar.value, radix: 16).dropFirst()
    return "a control character must be written as an escape in double quotes: \\u\(digits)"
  }

  static let nul = "NUL is not allowed: no program can be given one"
}
