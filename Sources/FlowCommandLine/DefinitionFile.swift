package import FlowCore
package import FlowDefinition
package import FlowStorage
import FlowSystem
import FlowText

/// A workflow definition file: read and validated, with its graph.
package struct DefinitionFile {
  /// More than a million steps need.
  private static let limitMebibytes = 256

  package let bytes: [UInt8]
  package let definition: WorkflowDefinition
  package let graph: DependencyGraph
  /// The absolute path of the folder that holds it, without links; the caller's for a stream.
  package let folder: String
  /// Whether it was read from a pipe or another descriptor of this process, such as `-`,
  /// `/dev/stdin` or `<(…)`. No other process can read it again.
  package let isStream: Bool
  /// Its name in that folder; nil for a stream.
  package let fileName: String?
  /// As messages name it.
  let name: String
  let spelling: DefinitionSpelling?

  /// - Parameters:
  ///   - spelling: nil for what the name and the text say.
  ///   - standard: the settings of a step that gives none.
  package init(
    _ path: String, as spelling: DefinitionSpelling? = nil,
    standard: StepSettings = StepSettings()
  ) throws(DefinitionFileError) {
    let limit = Self.limitMebibytes
    name = Self.shown(path)
    self.spelling = spelling
    do throws(Errno) {
      let input = try FileReading.input(of: path, limit: limit << 20)
      bytes = input.bytes
      let parent = path == "-" ? "." : try ProcessFacts.realPath(PathText.parent(of: path))
      isStream = path == "-" || !input.isFile || Self.holdsDescriptors(parent)
      folder = isStream ? try ProcessFacts.currentDirectory() : parent
    } catch .fileTooLarge {
      throw .tooLarge(path, limitMebibytes: limit)
    } catch {
      throw .unreadable(path, error)
    }
    let realPath = isStream ? "" : (try? ProcessFacts.realPath(path)) ?? ""
    fileName = realPath.isEmpty ? nil : PathName.last(of: path)
    let place = DefinitionPlace(name: name, path: realPath, folder: folder)
    do throws(DefinitionErrors) {
      definition = try DefinitionParser.parse(
        bytes, file: name, as: spelling, standard: standard,
        calling: FileCalls(limit: limit << 20), matching: BoundedMatching(), from: place)
    } catch {
      throw .invalid(error)
    }
    guard definition.listBytes <= WorkflowDefinition.mostListBytes else {
      throw .tooMany(path, steps: definition.steps.count)
    }
    do throws(DependencyCycle) {
      graph = try definition.graph()
    } catch {
      preconditionFailure("a definition that was checked has a cycle: \(error.steps)")
    }
  }

  /// `/dev` has names for the descriptors of a process, which `/proc/N/fd` holds.
  private static func holdsDescriptors(_ folder: String) -> Bool {
    folder == "/dev" || folder.hasPrefix("/proc/") && folder.hasSuffix("/fd")
  }

  /// As messages name it.
  fileprivate static func shown(_ path: String) -> String {
    path == "-" ? "standard input" : path
  }
}

/// Why a definition file cannot be used. Each case is a usage error.
package enum DefinitionFileError: Error {
  case unreadable(String, Errno)
  case tooLarge(String, limitMebibytes: Int)
  /// Steps, needs, arguments and variables exceed the memory limit of a run.
  case tooMany(String, steps: Int)
  case invalid(DefinitionErrors)
  case variableFiles(VariableFileErrors)

  /// - Parameter program: the program that prints the message.
  package func description(by program: String) -> String {
    switch self {
    case .unreadable(let path, let error):
      "\(program): cannot read \(shown(path)): \(error)"
    case .tooLarge(let path, let limit):
      "\(shown(path)):1:1: the file exceeds the limit of \(limit) MiB for a workflow definition; split"
        + " it into several workflows"
    case .tooMany(let path, let steps):
      "\(program): \(shown(path)) exceeds the memory limit of a run (\(steps)"
        + " \(steps == 1 ? "step" : "steps") with needs, arguments and variables); split it into"
        + " several workflows"
    case .invalid(let errors): errors.description
    case .variableFiles(let errors): errors.description
    }
  }

  private func shown(_ path: String) -> String {
    TerminalText.escaped(DefinitionFile.shown(path))
  }
}
