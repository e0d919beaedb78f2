package import FlowCore
import FlowPublication

// How keys and results are written: as fields of events are, between a version and a checksum. What is
// damaged, or of another version, is no result.

extension ByteWriter {
  mutating func write(facts: [KeyFact], _ inputs: [InputFile]) {
    write(list: facts) { writer, fact in
      writer.write(count: fact.kind.rawValue)
      writer.write(fact.name)
      writer.write(fact.digest.bytes)
    }
    write(list: inputs) { writer, file in
      writer.write(file.path)
      writer.write(file.isExecutable)
      writer.write(file.digest.bytes)
    }
  }

  fileprivate mutating func write(_ key: CacheKey) {
    write(facts: key.facts, key.inputs)
    write(key.digest.bytes)
  }

  fileprivate mutating func write(stampsOf inputs: [InputFile]) {
    write(list: inputs.compactMap(\.stamp)) { writer, stamp in
      writer.write(stamp.device)
      writer.write(stamp.inode)
      writer.write(signed: stamp.modifiedNanoseconds)
      writer.write(signed: stamp.changedNanoseconds)
    }
  }
}

extension ByteReader {
  fileprivate mutating func readDigest() throws(CodingError) -> Digest {
    let start = position
    let bytes = try readBytes()
    guard bytes.count == Digest.byteCount else {
      throw CodingError(offset: start, reason: .malformed("digest"))
    }
    return Digest(bytes)
  }

  /// - Parameter key: whose inputs have them.
  fileprivate mutating func readStamps(of key: CacheKey) throws(CodingError) -> CacheKey {
    let stamps = try readList { (reader) throws(CodingError) in
      FileStatus.Stamp(
        device: try reader.readUnsigned(), inode: try reader.readUnsigned(),
        modifiedNanoseconds: try reader.readSigned(), changedNanoseconds: try reader.readSigned())
    }
    guard stamps.count == key.inputs.count else { return key }
    let inputs = zip(key.inputs, stamps).map { file, stamp in
      InputFile(
        path: file.path, isExecutable: file.isExecutable, digest: file.digest, stamp: stamp)
    }
    return CacheKey(facts: key.facts, inputs: inputs, digest: key.digest)
  }

  fileprivate mutating func readKey() throws(CodingError) -> CacheKey {
    let facts = try readList { (reader) throws(CodingError) in
      KeyFact(
        try reader.readCase("fact of a key"), try reader.readString(), try reader.readDigest())
    }
    let inputs = try readList { (reader) throws(CodingError) in
      InputFile(
        path: try reader.readString(), isExecutable: try reader.readBool(),
        digest: try reader.readDigest())
    }
    return CacheKey(facts: facts, inputs: inputs, digest: try readDigest())
  }
}

extension CachedResult {
  package func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.write(key)
    writer.write(run)
    writer.write(count: attempt)
    writer.write(manifest?.encoded() ?? [])
    writer.write(list: outputs) { writer, output in
      writer.write(output.name)
      writer.write(output.value)
    }
    return Envelope.wrapped(writer.bytes)
  }

  /// Nil for what this version has not written.
  package static func decode(_ bytes: [UInt8]) -> CachedResult? {
    guard let body = Envelope.unwrapped(bytes) else { return nil }
    var reader = ByteReader(body)
    do throws(CodingError) {
      let key = try reader.readKey()
      let (run, attempt): (String, Int32) = (try reader.readString(), try reader.readCount())
      let manifest = try reader.readBytes()
      let outputs = try reader.readList { (reader) throws(CodingError) in
        Output(name: try reader.readString(), value: try reader.readBytes())
      }
      guard reader.position == body.count else { return nil }
      guard !manifest.isEmpty else {
        return CachedResult(
          key: key, run: run, attempt: attempt, manifest: nil, outputs: outputs)
      }
      guard let decoded = try? Manifest.decode(manifest) else { return nil }
      return CachedResult(
        key: key, run: run, attempt: attempt, manifest: decoded, outputs: outputs)
    } catch {
      return nil
    }
  }
}

/// What a process has found before the command of its attempt ran, for the engine, and for the process that
/// publishes.
package enum CacheNote: Equatable, Sendable {
  case hit(run: String, attempt: Int32)
  /// - key: nil for a step that only checks its inputs.
  case miss(CacheKey?, CacheMiss)
  /// That input cannot be used.
  case fault(input: String)
  /// The command cannot be executed, for this error number.
  case notExecuted(errno: Int32)

  package func encoded() -> [UInt8] {
    var writer = ByteWriter()
    switch self {
    case .hit(let run, let attempt):
      writer.write(count: 0)
      writer.write(.hit(run: run, attempt: attempt))
    case .miss(let key, let miss):
      writer.write(count: 1)
      writer.write(.miss(miss))
      writer.write(key != nil)
      if let key {
        writer.write(key)
        writer.write(stampsOf: key.inputs)
      }
    case .fault(let input):
      writer.write(count: 2)
      writer.write(input)
    case .notExecuted(let errno):
      writer.write(count: 3)
      writer.write(count: errno)
    }
    return Envelope.wrapped(writer.bytes)
  }

  /// Nil for what this version has not written, or not completely.
  package static func decode(_ bytes: [UInt8]) -> CacheNote? {
    guard let body = Envelope.unwrapped(bytes) else { return nil }
    var reader = ByteReader(body)
    do throws(CodingError) {
      let note: CacheNote
      let kind: UInt8 = try reader.readCount()
      switch kind {
      case 0:
        guard case .hit(let run, let attempt) = try reader.readLook() else { return nil }
        note = .hit(run: run, attempt: attempt)
      case 1:
        guard case .miss(let miss) = try reader.readLook() else { return nil }
        var key: CacheKey?
        if try reader.readBool() { key = try reader.readStamps(of: try reader.readKey()) }
        note = .miss(key, miss)
      case 2: note = .fault(input: try reader.readString())
      case 3: note = .notExecuted(errno: try reader.readCount())
      default: return nil
      }
      return reader.position == body.count ? note : nil
    } catch {
      return nil
    }
  }
}
