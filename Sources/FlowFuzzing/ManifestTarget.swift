import FlowPublication

/// A manifest that can be read is written in the same way, and what it holds can be found in it.
enum ManifestTarget {
  /// The first byte says whether size and checksum are put right, which a fuzzer does not find by chance.
  static func test(_ bytes: [UInt8]) throws(Finding) {
    var supply = ByteSupply(bytes)
    let isSealed = supply.bool()
    var file = supply.remainder
    if isSealed { seal(&file) }
    let manifest: Manifest
    do throws(Manifest.DecodingError) { manifest = try Manifest.decode(file) } catch { return }
    try require(manifest.encoded() == file, "a manifest has two encodings")
    let roots = manifest.roots
    var count = 0
    for root in roots { count += 1 + manifest.entries(below: root.path).count }
    try require(count == manifest.entries.count, "an entry is in no root, or in two")
    for entry in manifest.entries {
      try require(manifest.entry(at: entry.path) == entry, "an entry is not found by its path")
    }
  }

  private static let size = 12..<20
  private static let shortest = 36

  private static func seal(_ file: inout [UInt8]) {
    guard file.count >= shortest else { return }
    file.replaceSubrange(size, with: UInt64(file.count).littleEndianBytes)
    file.replaceSubrange(file.count - 8..<file.count, with: FNV.checksum(of: file.dropLast(8)))
  }
}
