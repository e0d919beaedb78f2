/// Whether bytes are one value of JSON (RFC 8259). Without recursion: what is open is on a stack.
enum JSONSyntax {
  /// The limit for values within values.
  static let mostLevels = 1_000

  static func isValid(_ bytes: [UInt8]) -> Bool {
    var scanner = Scanner(bytes: bytes)
    return scanner.scan()
  }

  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  /// Where the text ends that the bytes begin with: the place of its last quote.
  static func endOfText(_ bytes: ArraySlice<UInt8>) -> Int? {
    var isEscaped = false
    return bytes.indices.dropFirst().first { place in
      defer { isEscaped = !isEscaped && bytes[place] == UInt8(ascii: "\\") }
      return !isEscaped && bytes[place] == UInt8(ascii: "\"")
    }
  }

  /// The elements of a list, or the members of an object, as they are spelled; nil if the value does not
  /// begin with that bracket.
  ///
  /// - Precondition: the bytes are one value.
  static func parts(of bytes: [UInt8], in bracket: Unicode.Scalar) -> [ArraySlice<UInt8>]? {
    guard let first = bytes.firstIndex(where: { !isBlank($0) }),
      bytes[first] == UInt8(ascii: bracket)
    else { return nil }
    var elements: [ArraySlice<UInt8>] = []
    var (level, start, isInText, isEscaped) = (0, first + 1, false, false)
    func add(to end: Int) {
      var element = bytes[start..<end].drop(while: isBlank)
      while let last = element.last, isBlank(last) { element.removeLast() }
      if !element.isEmpty { elements.append(element) }
      start = end + 1
    }
    for place in bytes.indices[first...] {
      let byte = bytes[place]
      if isInText {
        isInText = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInText = true
      case UInt8(ascii: "["), UInt8(ascii: "{"): level += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        level -= 1
        if level == 0 { add(to: place) }
      case UInt8(ascii: ",") where level == 1: add(to: place)
      default: break
      }
    }
    return elements
  }

  private struct Scanner {
    let bytes: [UInt8]
    var position = 0
    /// The brackets that are open.
    var open: [UInt8] = []

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard next == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    private mutating func skipBlanks() {
      while let byte = next, JSONSyntax.isBlank(byte) { position += 1 }
    }

    mutating func scan() -> Bool {
      while true {
        guard let isComplete = value() else { return false }
        if !isComplete { continue }
        // A value has ended, and perhaps what it is in.
        while true {
          skipBlanks()
          guard let bracket = open.last else { return next == nil }
          if take(",") {
            skipBlanks()
            if bracket == UInt8(ascii: "{"), !name() { return false }
            break
          }
          guard take(bracket == UInt8(ascii: "{") ? "}" : "]") else { return false }
          open.removeLast()
        }
      }
    }

    /// - Returns: whether it is complete, and not the beginning of one with others in it; nil for no value.
    private mutating func value() -> Bool? {
      skipBlanks()
      switch next {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard let bracket = next, open.count < JSONSyntax.mostLevels else { return nil }
        position += 1
        skipBlanks()
        if take(bracket == UInt8(ascii: "{") ? "}" : "]") { return true }
        open.append(bracket)
        if bracket == UInt8(ascii: "{"), !name() { return nil }
        return false
      case UInt8(ascii: "\""): return text() ? true : nil
      case UInt8(ascii: "t"): return word("true") ? true : nil
      case UInt8(ascii: "f"): return word("false") ? true : nil
      case UInt8(ascii: "n"): return word("null") ? true : nil
      default: return number() ? true : nil
      }
    }

    private mutating func word(_ word: String) -> Bool {
      guard bytes[position...].starts(with: word.utf8) else { return false }
      position += word.utf8.count
      return true
    }

    /// The name of a member, and its colon.
    private mutating func name() -> Bool {
      guard text() else { return false }
      skipBlanks()
      return take(":")
    }

    private mutating func text() -> Bool {
      guard take("\"") else { return false }
      while let byte = next {
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return true
        case 0..<0x20: return false
        case UInt8(ascii: "\\"): if !escape() { return false }
        default: break
        }
      }
      return false
    }

    private mutating func escape() -> Bool {
      guard let byte = next else { return false }
      position += 1
      guard byte == UInt8(ascii: "u") else { return Array("\"\\/bfnrt".utf8).contains(byte) }
      for _ in 0..<4 {
        guard let digit = next, Self.isHexadecimal(digit) else { return false }
        position += 1
      }
      return true
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      default: false
      }
    }

    private mutating func digits() -> Bool {
      let start = position
      while let byte = next, UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") { position += 1 }
      return position > start
    }

    private mutating func number() -> Bool {
      _ = take("-")
      if !take("0"), !digits() { return false }
      if take("."), !digits() { return false }
      if take("e") || take("E") {
        if !take("+") { _ = take("-") }
        return digits()
      }
      return true
    }
  }
}
