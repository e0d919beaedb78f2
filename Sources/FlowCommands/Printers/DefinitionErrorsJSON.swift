import FlowCommandLine
import FlowDefinition

/// Prints `flow validate --json` for a definition with errors:
/// `{"errors":[{"line","column","path","message"}],"omitted"}`.
enum DefinitionErrorsJSON {
  static func text(_ errors: DefinitionErrors) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("errors")
      writer.array { writer in
        for error in errors.errors {
          writer.object { writer in
            writer.member("line", error.position.line)
            writer.member("column", error.position.column)
            writer.member("path", error.path)
            writer.member("message", error.message)
          }
        }
      }
      writer.member("omitted", errors.omittedCount)
    }
    writer.endLine()
    return writer.take()
  }
}
