package import FlowCore
import FlowStorage

/// What the commands of a run inherit: the variables and the umask of the process that created the
/// run, whichever engine launches them. A run has one for its whole life.
package struct RunEnvironment: Equatable, Sendable {
  package let umask: UInt32
  /// `NAME=value` each, in bytes that need not be UTF-8.
  package let variables: [[UInt8]]

  /// - Parameter variables: those of a process. Where that process was means nothing to a step.
  package init(umask: UInt32, variables: [[UInt8]]) {
    self.umask = umask & 0o777
    self.variables = variables.filter { !["PWD", "OLDPWD"].contains(Self.name(of: $0)) }
  }

  private static func name(of variable: [UInt8]) -> String {
    String(decoding: nameBytes(of: variable), as: UTF8.self)
  }

  private static func nameBytes(of variable: [UInt8]) -> ArraySlice<UInt8> {
    variable.prefix { $0 != UInt8(ascii: "=") }
  }

  /// The value of a variable; nil if it is not set.
  package func value(of name: String) -> [UInt8]? {
    variables.last { Self.nameBytes(of: $0).elementsEqual(name.utf8) }.map {
      Array($0.dropFirst(name.utf8.count + 1))
    }
  }

  /// What a run of the definition has if this is its caller's environment.
  ///
  /// - Parameter files: the variables of the definition's files, in the order of the files: they win
  ///   over the caller's, and a later one over an earlier.
  package func ofRun(
    _ definition: WorkflowDefinition, files: [EnvironmentVariable]
  ) -> RunEnvironment {
    var values: [[UInt8]: [UInt8]] = [:]
    // Secrets are saved nowhere, and only steps that list them get them.
    for variable in files where !definition.isSecret(variable.name.utf8) {
      values[Array(variable.name.utf8)] = Array(variable.value.utf8)
    }
    var result = variables.filter {
      let name = Self.nameBytes(of: $0)
      return definition.passes(name) && !definition.isSecret(name) && values[Array(name)] == nil
    }
    // In the order of the files, so that the same files always make the same bytes.
    for variable in files {
      let name = Array(variable.name.utf8)
      guard let value = values.removeValue(forKey: name) else { continue }
      result.append(name + [UInt8(ascii: "=")] + value)
    }
    return RunEnvironment(umask: umask, variables: result)
  }

  /// The names of variables that only one of the two has, or that have another value in the other;
  /// among them `umask`. Values are never told.
  package func names(differingFrom other: RunEnvironment) -> [String] {
    let (own, others) = (Set(variables), Set(other.variables))
    let changed = own.symmetricDifference(others).map(Self.name)
    return (umask == other.umask ? [] : ["umask"]) + Set(changed).sorted()
  }

  // MARK: Encoding

  private static let title = Array("flow environment 1 ".utf8)

  /// A line of title and checksum, then the umask and the variables, each with a zero at its end.
  package func encoded() -> [UInt8] {
    var body = Array(String(umask, radix: 8).utf8) + [0]
    for variable in variables { body += variable + [0] }
    return Self.title + Self.checksum(body) + [UInt8(ascii: "\n")] + body
  }

  /// Nil if the bytes are incomplete or were changed, or a later version wrote them.
  package static func decode(_ bytes: [UInt8]) -> RunEnvironment? {
    guard bytes.starts(with: title), bytes.last == 0,
      let line = bytes.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let body = Array(bytes[(line + 1)...])
    guard bytes[title.count..<line].elementsEqual(checksum(body)) else { return nil }
    let parts = body.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    guard let first = parts.first,
      let umask = UInt32(String(decoding: first, as: UTF8.self), radix: 8)
    else { return nil }
    return RunEnvironment(umask: umask, variables: parts.dropFirst().map(Array.init))
  }

  private static func checksum(_ body: [UInt8]) -> [UInt8] {
    Array(String(SplitMix64.hash(body.map(UInt64.init)), radix: 16).utf8)
  }
}

/// Which environment an engine takes for the commands of a run.
package enum EnvironmentSource: Sendable {
  /// The one that the run has; its caller's, which becomes the run's, where the run has none.
  case run
  /// The one that the run has; its caller's, for this engine alone, where the run has none or it
  /// cannot be read. For engines that launch nothing new.
  case runIfReadable
  /// Its caller's, which becomes the run's.
  case caller
}

/// What an observer is told of the environment of a run that is resumed.
package enum EnvironmentNews: Equatable, Sendable {
  /// The run had none and has the caller's now.
  case saved
  /// The run had none, and the disk has no space for one: this engine alone has the caller's.
  case notSaved
  /// The run has the caller's now, which differs in these variables; nil if the one before could not
  /// be read.
  case replaced(names: [String]?)
  /// The run's cannot be read: this engine alone has the caller's.
  case unreadable(path: String)
}

/// The file with a run's environment. It holds secrets, as environments do: it is readable for its
/// owner alone, and removed when the run has succeeded. The environment is in no other file.
struct EnvironmentFile<Store: Storage> {
  private let folder: RunFolder
  private let storage: Store

  init(_ folder: RunFolder, in storage: Store) {
    self.folder = folder
    self.storage = storage
  }

  private var newPath: String { "\(folder.environment).new" }

  enum Content: Equatable {
    case absent
    case saved(RunEnvironment)
    case unreadable
  }

  /// Whether an engine with that source gives the run another environment than it has.
  static func isReplaced(_ content: Content, by source: EnvironmentSource) -> Bool {
    switch source {
    case .run: content == .absent
    case .runIfReadable: false
    case .caller: true
    }
  }

  /// What the run has, before an engine with that source does anything.
  ///
  /// - Throws: if the engine cannot go on with that.
  func content(for source: EnvironmentSource) throws(RunError) -> Content {
    do throws(RunError) {
      let content = try read()
      if source == .run {
        if content == .unreadable { throw .environmentIsUnreadable(path: folder.environment) }
        // An engine before may have replaced it, and died before the name was durable: what commands
        // inherit must not change back.
        try wrapping { () throws(StorageError) in
          try Folder(folder.path, in: storage).sync()
        }
      }
      return content
    } catch {
      if source == .run { throw error }
      return .unreadable
    }
  }

  func read() throws(RunError) -> Content {
    do throws(StorageError) {
      let file = try File(folder.environment, .read, in: storage)
      let bytes = try file.read(at: 0, count: Int(try file.size()))
      try file.close()
      return RunEnvironment.decode(bytes).map(Content.saved) ?? .unreadable
    } catch {
      if error.errno == .noSuchFile { return .absent }
      throw .storage(error)
    }
  }

  /// Gives the run another environment. It is durable when this returns.
  func replace(with environment: RunEnvironment) throws(StorageError) {
    let files = Folder(folder.path, in: storage)
    try files.removeIfPresent(PathName.last(of: newPath))
    do throws(StorageError) {
      var file = try File(newPath, .create, in: storage)
      try file.write(environment.encoded().span, at: 0)
      try file.sync()
      try file.replace(folder.environment)
      try file.close()
    } catch {
      try? files.removeIfPresent(PathName.last(of: newPath))
      throw error
    }
    try files.sync()
  }

  /// Of a run that has succeeded, durably. Whatever is left is removed by the next engine.
  func remove() {
    for path in [folder.environment, newPath] {
      try? Folder(folder.path, in: storage).removeIfPresent(PathName.last(of: path))
    }
  }

  /// The environment for an engine that resumes the run.
  ///
  /// - Parameters:
  ///   - content: what the run has (`content`).
  ///   - caller: that of the engine.
  func settle(
    _ content: Content, _ source: EnvironmentSource, caller: RunEnvironment,
    _ observer: any RunObserver
  ) throws(RunError) -> RunEnvironment {
    switch (content, source) {
    case (.saved(let environment), .run), (.saved(let environment), .runIfReadable):
      return environment
    case (.unreadable, .run): throw .environmentIsUnreadable(path: folder.environment)
    case (.unreadable, .runIfReadable):
      observer.foundEnvironment(.unreadable(path: folder.environment))
    case (.absent, .runIfReadable): break
    case (.absent, .run):
      do throws(StorageError) {
        try replace(with: caller)
        observer.foundEnvironment(.saved)
      } catch {
        guard error.errno.isOutOfSpace else { throw .storage(error) }
        observer.foundEnvironment(.notSaved)
      }
    case (_, .caller):
      try wrapping { () throws(StorageError) in try replace(with: caller) }
      switch content {
      case .saved(let before):
        observer.foundEnvironment(.replaced(names: caller.names(differingFrom: before)))
      case .absent: observer.foundEnvironment(.saved)
      case .unreadable: observer.foundEnvironment(.replaced(names: nil))
      }
    }
    return caller
  }
}
