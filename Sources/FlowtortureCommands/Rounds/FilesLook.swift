import FlowStorage
import FlowSystem
import Glibc

/// Who has made a file: the text of each of its lines.
struct Maker: Hashable, CustomStringConvertible {
  let run: String
  let step: String
  let attempt: Int

  init(_ run: String, _ step: String, _ attempt: Int) {
    self.run = run
    self.step = step
    self.attempt = attempt
  }

  init?(_ words: some Collection<Substring>) {
    let words = Array(words)
    guard words.count == 3, let attempt = Int(words[2]) else { return nil }
    self.init(String(words[0]), String(words[1]), attempt)
  }

  var description: String { "\(run) \(step) \(attempt)" }

  /// Runs come one after the other.
  func isBefore(_ other: Self) -> Bool { (run, attempt) < (other.run, other.attempt) }
}

/// What is in a declared path.
enum FoundFile: Equatable {
  case absent
  case whole(Maker)
  /// Anything else, and what it is.
  case torn(String)
}

/// Looks at declared paths while they are exchanged.
struct FilesLook {
  let folder: String
  /// As often a folder may be exchanged while it is read.
  private static let tries = 100

  func file(_ path: String, lines: Int) -> FoundFile { Self.look("\(folder)/\(path)", lines) }

  private static func look(_ path: String, _ lines: Int) -> FoundFile {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try FileReading.bytes(of: path, limit: 64 << 20) } catch {
      return error == .noSuchFile ? .absent : .torn("\(error)")
    }
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
      let maker = Maker(
        String(decoding: bytes[..<end], as: UTF8.self).split(separator: " "))
    else { return .torn("\(bytes.count) bytes without a line") }
    let length = end + 1
    let isEqual = unsafe bytes.withUnsafeBytes { raw in
      guard let start = raw.baseAddress else { return false }
      return unsafe memcmp(start, start + length, raw.count - length) == 0
    }
    guard bytes.count == lines * length, isEqual else {
      return .torn("\(bytes.count) bytes that begin with \(maker), and not \(lines) such lines")
    }
    return .whole(maker)
  }

  /// A folder is what all its files are.
  func folder(_ path: String, count: Int, lines: Int) -> FoundFile {
    var last = FoundFile.absent
    for _ in 0..<Self.tries {
      let descriptor = unsafe open("\(folder)/\(path)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 { return errno == ENOENT ? .absent : .torn("error \(errno)") }
      defer { _ = close(descriptor) }
      last = Self.look(folder: "/proc/self/fd/\(descriptor)", count, lines)
      if case .whole = last { return last }
      // The old one, which is being removed.
      if isStill(path, descriptor) { return last }
    }
    return last
  }

  private static func look(folder: String, _ count: Int, _ lines: Int) -> FoundFile {
    let names = (try? LinuxStorage().entries(of: folder)) ?? []
    guard Set(names) == Set((0..<count).map { "\($0)" }) else { return .torn("it has \(names)") }
    let found = Set(names.map { look("\(folder)/\($0)", lines).description })
    guard found.count == 1, let name = names.first else { return .torn("\(found.sorted())") }
    return look("\(folder)/\(name)", lines)
  }

  private func isStill(_ path: String, _ descriptor: Int32) -> Bool {
    var (own, other) = (stat(), stat())
    return unsafe fstat(descriptor, &own) == 0 && lstat("\(folder)/\(path)", &other) == 0
      && own.st_ino == other.st_ino
  }
}

extension FoundFile: CustomStringConvertible {
  var description: String {
    switch self {
    case .absent: "absent"
    case .whole(let maker): "\(maker)"
    case .torn(let text): "torn: \(text)"
    }
  }
}
