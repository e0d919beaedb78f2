import CMonitor
import Testing

/// Secrets are found in every form in which programs print them, wherever the stream is cut.
@Suite struct MaskTests {
  private final class Found {
    var ranges: [Range<Int>] = []
  }

  /// The text with stars for what is found.
  ///
  /// - Parameters:
  ///   - piece: how many bytes come at once.
  ///   - gaps: where the text begins that follows a gap of a thousand bytes.
  private static func masked(
    _ text: [UInt8], hiding secrets: [[UInt8]], piece: Int = 1 << 16, gaps: [Int] = []
  ) -> [UInt8] {
    var result = text
    let joined = secrets.flatMap(\.self)
    let found = Found()
    unsafe joined.withUnsafeBufferPointer { bytes in
      var offset = 0
      var list: [flow_secret] = unsafe []
      for secret in secrets {
        unsafe list.append(
          flow_secret(bytes: bytes.baseAddress?.advanced(by: offset), size: secret.count))
        offset += secret.count
      }
      let size = unsafe flow_mask_size(list, list.count)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      defer { unsafe memory.deallocate() }
      let mask = unsafe flow_mask_make(
        memory, list, list.count,
        { context, from, until in
          guard let context = unsafe context else { return }
          unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().ranges
            .append(Int(from)..<Int(until))
        }, Unmanaged.passUnretained(found).toOpaque())
      var shift = 0
      var begin = 0
      for end in gaps + [text.count] {
        var next = begin
        while next < end {
          let upTo = min(next + piece, end)
          unsafe text.withUnsafeBufferPointer { bytes in
            unsafe flow_mask_feed(mask, bytes.baseAddress?.advanced(by: next), upTo - next)
          }
          next = upTo
        }
        for range in found.ranges {
          for index in range { result[index - shift] = UInt8(ascii: "*") }
        }
        found.ranges = []
        if end < text.count {
          unsafe flow_mask_skip(mask, Int64(end + shift + 1_000))
          for range in found.ranges {
            for index in range { result[index - shift] = UInt8(ascii: "*") }
          }
          found.ranges = []
          shift += 1_000
        }
        begin = end
      }
      unsafe flow_mask_end(mask)
      for range in found.ranges {
        for index in range { result[index - shift] = UInt8(ascii: "*") }
      }
    }
    return result
  }

  private static func masked(
    _ text: String, hiding secret: String, piece: Int = 1 << 16, gaps: [Int] = []
  ) -> String {
    String(
      decoding: masked(Array(text.utf8), hiding: [Array(secret.utf8)], piece: piece, gaps: gaps),
      as: UTF8.self)
  }

  private static let pieces = [1, 2, 3, 7, 64]

  @Test(arguments: pieces)
  func aValueAsItStands(piece: Int) {
    #expect(
      Self.masked("x hunter2secret, hunter2hunter2secret", hiding: "hunter2secret", piece: piece)
        == "x *************, hunter2*************")
    // It overlaps itself.
    #expect(
      Self.masked("xababababababx ababab", hiding: "abababab", piece: piece)
        == "x************x ababab")
    #expect(
      Self.masked("aabaabaabaaab", hiding: "aabaabaaab", piece: piece) == "aab**********")
  }

  @Test(arguments: pieces)
  func eachLongLineOfSeveral(piece: Int) {
    let key = "-----BEGIN\r\nMIIEpAIBAAKCAQEA\nshort\n"
    #expect(
      Self.masked("a MIIEpAIBAAKCAQEA b\n-----BEGIN\nshort\n", hiding: key, piece: piece)
        == "a **************** b\n**********\nshort\n")
    #expect(Self.masked("<\(key)>", hiding: key, piece: piece) == "<" + stars(35) + ">")
  }

  @Test(arguments: pieces)
  func encodedForURLs(piece: Int) {
    let secret = "p@ss/wörd +%41"
    for (text, count) in [
      ("p%40ss%2Fw%C3%B6rd%20%2B%2541", 29), ("p%40ss/w%c3%b6rd+%2b%2541", 25),
      ("%70%40%73%73%2f%77%c3%b6%72%64%20%2b%25%34%31", 45), (secret, 15),
      ("p@ss/wörd %2B%2541", 19),
    ] {
      #expect(
        Self.masked("u=%2\(text)%2x%", hiding: secret, piece: piece)
          == "u=%2\(stars(count))%2x%", "\(text)")
    }
    // What stands before it is no part of it.
    #expect(Self.masked("100%deadbeef", hiding: "deadbeef", piece: piece) == "100%********")
    #expect(Self.masked("100%2deadbeef", hiding: "deadbeef", piece: piece) == "100%2********")
  }

  private func stars(_ count: Int) -> String { String(repeating: "*", count: count) }

  /// Wherever it stands in the text that was encoded, with both alphabets, in lines of any length.
  @Test(arguments: pieces)
  func encodedInBase64(piece: Int) {
    for (seed, length) in zip(1..., [8, 9, 10, 16, 31, 200]) {
      var state = UInt64(seed)
      func byte() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 40)
      }
      let secret = (0..<length).map { _ in max(1, byte()) }
      for before in 0..<4 {
        for after in 0..<4 {
          let text = (0..<before).map { _ in byte() } + secret + (0..<after).map { _ in byte() }
          for isForURLs in [false, true] {
            let encoded = Self.base64(text, isForURLs: isForURLs)
            let first = 8 * before / 6
            let last = (8 * (before + length) + 5) / 6
            let stars = [UInt8](repeating: UInt8(ascii: "*"), count: last - first)
            let expected = Array(encoded[..<first]) + stars + encoded[last...]
            #expect(Self.masked(encoded, hiding: [secret], piece: piece) == expected)
            // Broken into lines, the breaks within it are masked as well.
            let lines = Self.broken(encoded, every: 5)
            let found = Self.masked(lines, hiding: [secret], piece: piece)
            #expect(found.count == lines.count)
            let rest = found.filter { ![UInt8(ascii: "*"), 10, 13].contains($0) }
            #expect(rest == expected.filter { $0 != UInt8(ascii: "*") })
          }
        }
      }
    }
  }

  private static func base64(_ bytes: [UInt8], isForURLs: Bool) -> [UInt8] {
    let alphabet = Array(
      ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        + (isForURLs ? "-_" : "+/")).utf8)
    var result: [UInt8] = []
    for index in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[index..<min(index + 3, bytes.count)]
      let padded = Array(group) + [0, 0]
      let bits = UInt32(padded[0]) << 16 | UInt32(padded[1]) << 8 | UInt32(padded[2])
      let digits = (0..<4).map { alphabet[Int(bits >> UInt32(18 - 6 * $0)) & 63] }
      result += digits.prefix(group.count + 1)
      if !isForURLs { result += Array(repeating: UInt8(ascii: "="), count: 3 - group.count) }
    }
    return result
  }

  private static func broken(_ bytes: [UInt8], every count: Int) -> [UInt8] {
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if index > 0 && index % count == 0 { result += index % 2 == 0 ? [13, 10] : [10] }
      result.append(byte)
    }
    return result
  }

  /// Where the middle of an output was discarded, the halves of a secret are left on both sides.
  @Test(arguments: pieces)
  func halvesOnBothSidesOfAGap(piece: Int) {
    let secret = "hunter2secret"
    for cut in 1..<secret.count {
      let (head, tail) = (secret.prefix(cut), secret.dropFirst(cut))
      let found = Self.masked(
        "begin \(head)\(tail) end", hiding: secret, piece: piece, gaps: [6 + cut])
      #expect(found == "begin \(stars(13)) end", "\(cut)")
      // More than the rest of it is missing.
      let other = Self.masked(
        "begin \(head)cret end", hiding: secret, piece: piece, gaps: [6 + cut])
      #expect(other == "begin \(stars(cut))\(stars(4)) end", "\(cut)")
    }
    #expect(
      Self.masked("aGVsbG8gaHVudGVyMnNlY3JldA==", hiding: secret, piece: piece, gaps: [18])
        == "aGVsbG8g" + stars(18) + "==")
    #expect(
      Self.masked("hunter2-secretive", hiding: secret, piece: piece, gaps: [8])
        == "hunter2-" + stars(6) + "ive")
  }

  /// A program was killed while it printed.
  @Test func theBeginningAtTheEnd() {
    #expect(Self.masked("x hunter2s", hiding: "hunter2secret") == "x ********")
    #expect(Self.masked("x hunter2", hiding: "hunter2secret") == "x hunter2")
  }

  @Test func severalSecretsAndShortOnes() {
    let found = Self.masked(
      Array("first-one second-one short".utf8),
      hiding: ["first-one", "second-one", "short", ""].map { Array($0.utf8) })
    #expect(String(decoding: found, as: UTF8.self) == "********* ********** short")
    #expect(Self.masked("nothing", hiding: "") == "nothing")
  }

  /// Against the plainest search there is.
  @Test func randomTexts() {
    var state: UInt64 = 7
    func below(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(truncatingIfNeeded: state >> 33) % bound
    }
    for round in 0..<3_000 {
      let secret = (0..<(8 + below(6))).map { _ in UInt8(ascii: "a") + UInt8(below(2)) }
      var text = (0..<below(120)).map { _ in UInt8(ascii: "a") + UInt8(below(2)) }
      for _ in 0..<below(3) { text.insert(contentsOf: secret, at: below(text.count + 1)) }
      text.append(UInt8(ascii: "."))
      var expected = text
      for start in 0..<max(0, text.count - secret.count + 1)
      where Array(text[start..<start + secret.count]) == secret {
        for index in start..<start + secret.count { expected[index] = UInt8(ascii: "*") }
      }
      let found = Self.masked(text, hiding: [secret], piece: 1 + below(20))
      #expect(found == expected, "round \(round)")
    }
  }
}
