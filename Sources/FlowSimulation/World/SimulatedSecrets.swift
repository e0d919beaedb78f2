import CMonitor
import FlowCore
package import FlowRuntime
package import FlowStorage

/// The secrets of simulated runs: where they come from, who prints them, and who masks them.
enum SimulatedSecrets {
  static let variable = "TOKEN"
  private static let path = "/key"

  static let all = [
    Secret(name: "KEY", source: .file(path)), Secret(name: "PW", source: .variable(variable)),
  ]
  static let uses = [SecretUse(name: "KEY", form: .file), SecretUse(name: "PW")]

  /// Both overlap themselves and have a byte that URLs encode.
  static func value(of name: String) -> [UInt8] { Array("\(name)/\(name)/\(name)-value".utf8) }

  /// What stands for the value in an output that was not masked.
  static func forms(of name: String) -> [[UInt8]] { [value(of: name), encoded(value(of: name))] }

  static func encoded(_ value: [UInt8]) -> [UInt8] {
    value.flatMap { $0 == UInt8(ascii: "/") ? Array("%2f".utf8) : [$0] }
  }

  /// Masks the values in a file, as monitors and engines do on Linux (`scrub.c`): what one has begun, the next
  /// one does again. After a sync that failed, a file can look masked that is not so on disk.
  static func scrub(
    _ file: SimulatedStorage.Handle, at path: String, of values: [[UInt8]], in world: World
  ) throws(Errno) {
    let storage = world.storage
    let size = Int(try storage.size(of: file))
    var bytes: [UInt8] = []
    while bytes.count < size {
      var piece = [UInt8](repeating: 0, count: size - bytes.count)
      let count = try storage.read(
        from: file, at: Int64(bytes.count), into: &piece, 0..<piece.count)
      if count == 0 { break }
      bytes += piece[..<count]
    }
    let begun = (world.secrets.plans[path] ?? []).map { $0.clamped(to: 0..<bytes.count) }
    let ranges = begun + find(values, in: bytes)
    if !ranges.isEmpty { world.secrets.plans[path] = ranges }
    for range in ranges {
      var offset = range.lowerBound
      while offset < range.upperBound {
        let stars = [UInt8](repeating: UInt8(ascii: "*"), count: range.upperBound - offset)
        offset += try storage.write(stars.span, to: file, at: Int64(offset))
      }
    }
    try storage.sync(file)
    world.secrets.plans[path] = nil
  }

  private final class Found {
    var ranges: [Range<Int>] = []
  }

  /// In the order in which they were found.
  static func find(_ values: [[UInt8]], in bytes: [UInt8]) -> [Range<Int>] {
    let joined = values.flatMap(\.self)
    let found = Found()
    unsafe joined.withUnsafeBufferPointer { buffer in
      var offset = 0
      var secrets: [flow_secret] = unsafe []
      for value in values {
        unsafe secrets.append(
          flow_secret(bytes: buffer.baseAddress?.advanced(by: offset), size: value.count))
        offset += value.count
      }
      let size = unsafe flow_mask_size(secrets, secrets.count)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      defer { unsafe memory.deallocate() }
      let mask = unsafe flow_mask_make(
        memory, secrets, secrets.count,
        { context, from, until in
          guard let context = unsafe context else { return }
          unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().ranges
            .append(Int(from)..<Int(until))
        }, Unmanaged.passUnretained(found).toOpaque())
      // In small pieces: a secret that lies in two must be found, too.
      var next = 0
      while next < bytes.count {
        let end = min(next + 11, bytes.count)
        unsafe bytes.withUnsafeBufferPointer {
          unsafe flow_mask_feed(mask, $0.baseAddress?.advanced(by: next), end - next)
        }
        next = end
      }
      unsafe flow_mask_end(mask)
    }
    return found.ranges
  }
}

/// What a world knows of secrets.
struct WorldSecrets {
  /// The folders in memory with the secrets of attempts.
  fileprivate(set) var folders: Set<String> = []
  /// Attempts whose output may hold secrets, since something went wrong while it was scrubbed, or
  /// a value could not be had for that.
  fileprivate(set) var unscrubbed: Set<AttemptID> = []
  /// What of an output is being overwritten, by its path: on disk before the first byte is (`mask_plan.h`).
  fileprivate var plans: [String: [Range<Int>]] = [:]
  /// In which life it was drawn whether the engine lacks the variable, and what came of it.
  fileprivate var lack: (life: Int, isLacking: Bool)?

  /// What is in memory is gone.
  mutating func losePower() { folders = [] }
}

extension World {
  func hasSecretFolder(of attempt: AttemptID) -> Bool {
    secrets.folders.contains { $0.hasSuffix("-\(attempt.step).\(attempt.number)") }
  }
}

// MARK: Where they come from

extension World {
  package func readSecret(at path: String, limit: Int) throws(Errno) -> [UInt8] {
    if !isHealed, !engine.isDead,
      choices.happens(.secretErrors, perMille: options.secretErrorPerMille)
    {
      befell(.secretUnreadable)
      throw .inputOutput
    }
    return SimulatedSecrets.value(of: "KEY") + [UInt8(ascii: "\n")]
  }

  package var memoryFolder: String? { "/memory" }

  /// Whether the engine was started without the variable that a secret comes from.
  var lacksSecret: Bool {
    if !options.hasSecrets || isHealed { return false }
    if let lack = secrets.lack, lack.life == engine.life { return lack.isLacking }
    let isLacking = choices.happens(.secretErrors, perMille: options.secretErrorPerMille)
    secrets.lack = (engine.life, isLacking)
    if isLacking { befell(.secretMissing) }
    return isLacking
  }

  /// What the variable is in the environment of the engine.
  var secretVariables: [[UInt8]] {
    if !options.hasSecrets || lacksSecret { return [] }
    return [Array("\(SimulatedSecrets.variable)=".utf8) + SimulatedSecrets.value(of: "PW")]
  }
}

// MARK: What becomes of them

extension SimulatedProcesses {
  func makeSecretFolder(_ request: LaunchRequest) {
    if let folder = request.secrets.folder { world.secrets.folders.insert(folder) }
  }

  func removeSecretFolder(_ request: LaunchRequest) {
    if let folder = request.secrets.folder { world.secrets.folders.remove(folder) }
  }

  /// A process of an attempt prints what it should not.
  ///
  /// - Parameter output: nil if it has none.
  func printSecrets(_ secrets: LaunchSecrets, to output: Int?, by process: Int) {
    guard let output, !secrets.values.isEmpty else { return }
    let form = world.choices.choose(.secretOutput, below: 3)
    if form == 0 { return }
    var bytes = Array("it says ".utf8)
    for secret in secrets.values {
      bytes += form == 1 ? secret.bytes : SimulatedSecrets.encoded(secret.bytes)
      bytes += Array(" and ".utf8)
    }
    // A full disk takes a part of it, or nothing.
    _ = try? world.storage.act(as: process) { () throws(Errno) in
      let size = try world.storage.size(of: output)
      return try world.storage.write(bytes.span, to: output, at: size)
    }
  }

  /// - Returns: zero, or a negative error number.
  func scrub(_ monitor: SimulatedMonitor) -> Int64 {
    removeSecretFolder(monitor.request)
    guard let output = monitor.output else { return 0 }
    do throws(Errno) {
      try world.storage.act(as: monitor.process) { () throws(Errno) in
        try SimulatedSecrets.scrub(
          output, at: monitor.request.outputPath, of: monitor.request.secrets.values.map(\.bytes),
          in: world)
      }
      return 0
    } catch {
      world.secrets.unscrubbed.insert(monitor.request.attempt)
      return -Int64(error.rawValue)
    }
  }

  package func scrub(_ request: LaunchRequest) -> Bool {
    guard world.engineGoesOn(at: .killOrphans) else { return false }
    removeSecretFolder(request)
    if request.secrets.failure != nil { world.secrets.unscrubbed.insert(request.attempt) }
    do throws(Errno) {
      let file = try world.storage.open(request.outputPath, .update)
      defer { try? world.storage.close(file) }
      try SimulatedSecrets.scrub(
        file, at: request.outputPath, of: request.secrets.values.map(\.bytes), in: world)
      return true
    } catch {
      if error == .noSuchFile { return true }
      world.secrets.unscrubbed.insert(request.attempt)
      return false
    }
  }
}
