/// What a definition or a model is written in.
package enum DefinitionSpelling: Sendable {
  case json, yaml

  /// The spelling that the ending of the file's name says (`.json`, `.yaml`, `.yml`), else that
  /// which the text begins with.
  init(ofFile name: String, _ bytes: [UInt8]) {
    let endings: [(String, Self)] = [(".json", .json), (".yaml", .yaml), (".yml", .yaml)]
    let named = endings.first { name.utf8.suffix($0.0.utf8.count).elementsEqual($0.0.utf8) }
    self = named?.1 ?? Self(of: bytes)
  }

  /// JSON if the first byte that is neither blank nor in a comment is `{`, else YAML. A comment
  /// that only one spelling has decides as well.
  init(of bytes: [UInt8]) {
    var scanner = JSONScanner(bytes)
    do throws(SyntaxError) {
      try scanner.skipTrivia()
      self = scanner.next == UInt8(ascii: "{") ? .json : .yaml
    } catch {
      // A comment of JSON that has no end, or that is no UTF-8; else a slash that begins none.
      let rest = bytes[error.offset...]
      let isSlash = rest.first == UInt8(ascii: "/") && !rest.starts(with: "/*".utf8)
      self = isSlash ? .yaml : .json
    }
  }
}
