import FlowDefinition
import FlowStorage
import FlowSystem

/// Reads the definition files that steps call.
struct FileCalls: CalledFiles {
  /// In bytes.
  let limit: Int

  func file(
    _ path: String, calledFrom caller: DefinitionPlace
  ) throws(CalledFileError) -> CalledFile {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    let full = isAbsolute ? path : "\(caller.folder)/\(path)"
    do throws(Errno) {
      let bytes = try FileReading.bytes(ofFile: full, limit: limit)
      let place = DefinitionPlace(
        name: isAbsolute ? path : PathText.sibling(of: caller.name, path),
        path: try ProcessFacts.realPath(full),
        folder: try ProcessFacts.realPath(PathText.parent(of: full)))
      return CalledFile(bytes: bytes, place: place)
    } catch .fileTooLarge {
      throw CalledFileError(message: "it exceeds the limit of \(limit >> 20) MiB")
    } catch .invalidArgument {
      throw CalledFileError(message: "it is a pipe, a socket or a device, and no file")
    } catch {
      throw CalledFileError(message: "\(error)")
    }
  }
}

/// Paths as they are written, without a look at the file system.
enum PathText {
  static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// - Parameter path: relative to the folder of `other`.
  static func sibling(of other: String, _ path: String) -> String {
    switch parent(of: other) {
    case ".": path
    case "/": "/" + path
    case let parent: "\(parent)/\(path)"
    }
  }
}
