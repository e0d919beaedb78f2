package import FlowCore
import FlowDefinition
import FlowStorage
import FlowSystem
import FlowText

/// Reads the files of variables that a definition names (`envFiles`).
package enum VariableFiles {
  /// No environment of a process is larger.
  private static let limitMebibytes = 6

  /// - Parameters:
  ///   - folder: that of the definition.
  ///   - place: where the definition names the file with that index, for messages.
  /// - Returns: the variables of all files, in the order of the files.
  /// - Throws: what is wrong with all files.
  package static func read(
    _ definition: WorkflowDefinition, in folder: String, place: (Int) -> String
  ) throws(VariableFileErrors) -> [EnvironmentVariable] {
    var variables: [EnvironmentVariable] = []
    var errors: [String] = []
    for (index, file) in definition.variableFiles.enumerated() {
      let path = file.path.utf8.first == UInt8(ascii: "/") ? file.path : "\(folder)/\(file.path)"
      let bytes: [UInt8]
      do throws(Errno) {
        bytes = try FileReading.bytes(ofFile: path, limit: limitMebibytes << 20)
      } catch {
        if error == .noSuchFile, file.isOptional { continue }
        let reason =
          switch error {
          case .fileTooLarge: "it exceeds the limit of \(limitMebibytes) MiB"
          case .invalidArgument: "it is a pipe, a socket or a device, and no file"
          default: "\(error)"
          }
        errors.append("\(place(index)): cannot read \(TerminalText.escaped(path)): \(reason)")
        continue
      }
      do throws(DefinitionErrors) {
        variables += try VariableFileParser.parse(bytes, file: path)
      } catch {
        errors.append(error.description)
      }
    }
    if errors.isEmpty { return variables }
    throw VariableFileErrors(description: errors.joined(separator: "\n"))
  }
}

/// All that is wrong with the files of variables of a definition.
package struct VariableFileErrors: Error, CustomStringConvertible {
  /// One error a line, safe for terminals.
  package let description: String
}

extension DefinitionFile {
  /// What the files of variables say that the definition names.
  package func variables() throws(DefinitionFileError) -> [EnvironmentVariable] {
    do throws(VariableFileErrors) {
      return try VariableFiles.read(definition, in: folder) { index in
        let positions = DefinitionParser.positions(
          ofVariableFilesIn: bytes, file: name, as: spelling)
        return "\(TerminalText.escaped(name)):\(positions[index]): envFiles[\(index)]"
      }
    } catch {
      throw .variableFiles(error)
    }
  }
}
