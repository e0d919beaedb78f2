import FlowCore
import FlowDefinition
import FlowLog
import FlowSystem

/// A workflow definition as a file: read, checked, with its graph.
struct DefinitionFile {
  /// More than a million steps take.
  private static let limitMebibytes = 256

  let bytes: [UInt8]
  let definition: WorkflowDefinition
  let graph: DependencyGraph
  /// The absolute path of the folder that holds it, without links.
  let folder: String

  init(_ path: String) throws(CommandError) {
    let limit = Self.limitMebibytes
    do throws(Errno) {
      bytes = try FileReading.bytes(of: path, limit: limit << 20)
      folder = try ProcessFacts.realPath(Self.parent(of: path))
    } catch .fileTooLarge {
      throw .definitionTooLarge(path, limitMebibytes: limit)
    } catch {
      throw .file(path, error)
    }
    do throws(DefinitionErrors) {
      definition = try DefinitionParser.parse(bytes, file: path)
    } catch {
      throw .definition(error)
    }
    do throws(DependencyCycle) {
      graph = try DependencyGraph(definition.steps)
    } catch {
      preconditionFailure("a definition that was checked has a cycle: \(error.steps)")
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
