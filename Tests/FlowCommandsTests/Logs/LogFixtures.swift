import FlowLog
import FlowMemoryStorage
import TestSupport

extension MemoryFolder {
  /// The segments of a folder under `Fixtures`.
  convenience init(fixture folder: String) {
    let path = "\(Fixtures.root)/\(folder)"
    self.init(
      Dictionary(
        uniqueKeysWithValues: TestFile.names(in: path).map { name in
          (name, TestFile.bytes("\(path)/\(name)"))
        }))
  }

  /// The bytes of a segment.
  subscript(_ number: Int) -> [UInt8] {
    get { files["0000000\(number).seg"] ?? [] }
    set { files["0000000\(number).seg"] = newValue }
  }

  /// Where the frames of a segment are.
  func frames(of number: Int) -> [Range<Int>] {
    let bytes = self[number]
    var frames: [Range<Int>] = []
    var start = LogFormat.segmentHeaderLength
    while start + LogFormat.frameHeaderLength <= bytes.count {
      let stored = (0..<4).reduce(0) { $0 | Int(bytes[start + 28 + $1]) << (8 * $1) }
      let end = start + LogFormat.frameLength(storing: stored)
      guard bytes[start] == 0x66, end <= bytes.count else { break }
      frames.append(start..<end)
      start = end
    }
    return frames
  }
}
