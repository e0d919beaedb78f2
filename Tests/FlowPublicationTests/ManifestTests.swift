import Testing

@testable import FlowPublication

/// A manifest is a file: what was written is what is read, and nothing else is.
struct ManifestTests {
  private let manifest = Manifest(
    of: [
      Manifest.Entry(path: "site/index.html", content: .file(size: 7, .counting), mode: 0o644),
      Manifest.Entry(path: "site", content: .folder, mode: 0o755),
      Manifest.Entry(path: "site/now", content: .link(target: "index.html"), mode: 0),
      Manifest.Entry(path: "site-map", content: .file(size: 0, .counting), mode: 0o4711),
      Manifest.Entry(path: "a\nb\u{10FFFF}", content: .file(size: .max, .counting), mode: 0o600),
    ], in: "/work")

  @Test func entriesAreInTheOrderOfTheirBytes() {
    #expect(
      manifest.entries.map(\.path)
        == ["a\nb\u{10FFFF}", "site", "site-map", "site/index.html", "site/now"])
  }

  @Test func whatIsWrittenIsRead() throws {
    #expect(try Manifest.decode(manifest.encoded()) == manifest)
    #expect(try Manifest.decode(Manifest(of: [], in: "/").encoded()).entries == [])
  }

  @Test func rootsAreTheDeclaredPaths() {
    #expect(manifest.roots.map(\.path) == ["a\nb\u{10FFFF}", "site", "site-map"])
    #expect(manifest.entries(below: "site").map(\.path) == ["site/index.html", "site/now"])
    #expect(manifest.entries(below: "site-map").isEmpty)
  }

  @Test func pathsAreBytes() {
    let composed = Manifest.Entry(path: "\u{E9}", content: .folder, mode: 0)
    let decomposed = Manifest.Entry(path: "e\u{301}", content: .folder, mode: 0)
    #expect(composed != decomposed)
    #expect(Manifest(of: [composed], in: "").entry(at: "e\u{301}") == nil)
    #expect(Manifest(of: [composed, decomposed], in: "").roots.count == 2)
  }

  @Test func everyOtherByteIsDamage() {
    let bytes = manifest.encoded()
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 0x40
      #expect(throws: Manifest.DecodingError.damaged) { try Manifest.decode(other) }
      let part = Array(bytes[..<index])
      #expect(throws: Manifest.DecodingError.damaged) { try Manifest.decode(part) }
    }
    #expect(throws: Manifest.DecodingError.damaged) { try Manifest.decode(bytes + [0]) }
  }

  @Test func aLaterVersionIsNewer() {
    var bytes = manifest.encoded()
    bytes[8] = 2
    bytes.replaceSubrange((bytes.count - 8)..., with: checksum(bytes.dropLast(8)))
    #expect(throws: Manifest.DecodingError.newer) { try Manifest.decode(bytes) }
  }

  @Test func aPathIsThereOnce() {
    let entry = Manifest.Entry(path: "a", content: .folder, mode: 0)
    let twice = Manifest(of: [entry, entry], in: "/").encoded()
    #expect(throws: Manifest.DecodingError.damaged) { try Manifest.decode(twice) }
  }

  @Test func aKindThatIsNotKnownIsDamage() {
    var bytes = Manifest(of: [Manifest.Entry(path: "a", content: .folder, mode: 0)], in: "")
      .encoded()
    bytes[32] = 9
    bytes.replaceSubrange((bytes.count - 8)..., with: checksum(bytes.dropLast(8)))
    #expect(throws: Manifest.DecodingError.damaged) { try Manifest.decode(bytes) }
  }

  /// The lowest byte first.
  private func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let sum = Checksum.of(bytes)
    return (0..<8).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
  }
}

extension Digest {
  static let counting = Digest((0..<32).map { UInt8($0) })
}
