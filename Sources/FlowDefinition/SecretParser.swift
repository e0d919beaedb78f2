import FlowCore
import FlowText

/// A secret that a step, or `defaults`, lists.
struct SecretMention {
  let name: String
  let offset: Int
  let path: String
}

/// A key of a secret.
private enum SecretKey: String, CaseIterable, Sendable {
  case file, env

  static let table = KeyTable(allCases)
}

extension DefinitionReader {
  /// Takes the secrets of a workflow, and orders them by name.
  mutating func readSecrets() throws(SyntaxError) -> [Secret] {
    let expected = #"an object such as {"DB_PASSWORD": {"file": "/run/secrets/db"}}"#
    guard try beginObject(expected) != nil else { return [] }
    var secrets: [Secret] = []
    var offsets: [Int] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if !ParameterName.isValid(name) {
        report(
          at: token.offset,
          "the name of a secret is that of a variable: letters, digits and \"_\", no digit first")
      } else if name.utf8.starts(with: "FLOW_".utf8) || ["PWD", "OLDPWD"].contains(name) {
        report(at: token.offset, "flow itself sets this variable: choose another name")
      }
      if let first = secrets.firstIndex(where: { $0.name == name }) {
        report(
          at: token.offset, "duplicate secret",
          RelatedPlace(relation: "first given at", offset: offsets[first]))
      }
      // One with errors has its name all the same, for the steps that list it.
      secrets.append(Secret(name: name, source: try readSecretSource() ?? .file("")))
      offsets.append(token.offset)
    }
    return secrets.sorted { SettingsOverlay.precedes($0.name, $1.name) }
  }

  private mutating func readSecretSource() throws(SyntaxError) -> Secret.Source? {
    let expected = #"an object such as {"file": "/run/secrets/db"} or {"env": "DB_PASSWORD"}"#
    guard let start = try beginObject(expected) else { return nil }
    var source: Secret.Source?
    var cursor = ObjectCursor("a secret", SecretKey.table)
    while let key = try nextKey(&cursor) {
      let offset = try nextOffset()
      switch key {
      case .file: source = try readNonEmptyText("the path of a file").map(Secret.Source.file)
      case .env: source = try readVariableName().map(Secret.Source.variable)
      }
      if cursor.has("file") && cursor.has("env") {
        report(at: offset, #"a secret comes from "file" or from "env", not from both"#)
      }
    }
    if !cursor.has("file") && !cursor.has("env") {
      report(at: start, #"missing "file" or "env": where the secret comes from"#)
    }
    return source
  }

  /// Takes the secrets that a step gets, and orders them by name.
  mutating func readSecretUses() throws(SyntaxError) -> [SecretUse]? {
    var uses: [SecretUse] = []
    var offsets: [Int] = []
    let expected = #"names of secrets such as ["DB_PASSWORD"], or {"DB_PASSWORD": "file"}"#
    switch try kind(wanted: .array) {
    case .string, .object: try readSecretUse(expected, into: &uses, &offsets)
    default:
      guard try beginArray(expected) != nil else { return nil }
      var cursor = ArrayCursor()
      while try nextElement(&cursor) { try readSecretUse(expected, into: &uses, &offsets) }
    }
    return uses.sorted { SettingsOverlay.precedes($0.name, $1.name) }
  }

  /// A name, or an object of names and forms.
  private mutating func readSecretUse(
    _ expected: String, into uses: inout [SecretUse], _ offsets: inout [Int]
  ) throws(SyntaxError) {
    guard try kind(wanted: .string) == .object else {
      let offset = try nextOffset()
      guard let name = try readNonEmptyText("the name of a secret") else { return }
      note(SecretUse(name: name), at: offset, in: &uses, &offsets)
      return
    }
    guard try beginObject(expected) != nil else { return }
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let words = SecretForm.allCases.map { "\($0)" }
      let form = try readWord(of: words).map { SecretForm.allCases[$0] } ?? .variable
      note(SecretUse(name: text(of: token), form: form), at: token.offset, in: &uses, &offsets)
    }
  }

  private mutating func note(
    _ use: SecretUse, at offset: Int, in uses: inout [SecretUse], _ offsets: inout [Int]
  ) {
    if let first = uses.firstIndex(where: { $0.name.utf8.elementsEqual(use.name.utf8) }) {
      report(
        at: offset, "repeated",
        RelatedPlace(relation: "first given at", offset: offsets[first]))
      return
    }
    uses.append(use)
    offsets.append(offset)
    secretMentions.append(SecretMention(name: use.name, offset: offset, path: pathDescription))
  }

  /// A variable of an `env`, which must not have the name of a secret.
  mutating func noteVariable(_ name: String, at offset: Int) {
    guard variableMentions[name] == nil, ParameterName.isValid(name) else { return }
    variableMentions[name] = SecretMention(name: name, offset: offset, path: pathDescription)
  }

  /// Checks the names of secrets, when all are known.
  mutating func checkSecrets(of workflow: WorkflowDefinition, passEnvOffset: Int?) {
    let secrets = workflow.secrets
    for mention in secretMentions where workflow.secret(named: mention.name) == nil {
      let nearest = Suggestion.nearest(to: mention.name, among: secrets.map(\.name))
      let advice =
        nearest.map { "did you mean \(Quoting.quoted($0))?" }
        ?? #"say in "secrets" of the workflow where it comes from"#
      report(
        at: mention.offset, path: mention.path,
        "no secret has the name \(Quoting.quoted(mention.name)): \(advice)")
    }
    for secret in secrets {
      guard let mention = variableMentions[secret.name] else { continue }
      report(
        at: mention.offset, path: mention.path,
        "\(secret.name) is a secret, which steps get by \"secrets\": choose another name for one of"
          + " them")
    }
    if let passEnvOffset {
      for name in workflow.passedVariables where workflow.isSecret(name.utf8) {
        report(
          at: passEnvOffset, path: "passEnv",
          "\(name) is a secret: only steps get it that list it in \"secrets\"")
      }
    }
  }

  /// Refuses `stragglers: keep` together with secrets: what stays could print one after its attempt's
  /// output was masked.
  mutating func checkStragglers(of table: StepTable, defaults: Defaults) {
    let standard = (
      keeps: defaults.overlay.stragglers == .keep,
      hasSecrets: !(defaults.overlay.secrets ?? []).isEmpty
    )
    let message =
      #"processes that stay could print a secret later: "stragglers": "keep" and "#
      + #""secrets" exclude each other"#
    var given = table.secretUses[...]
    var isDefaultTold = false
    for step in table.steps.indices {
      guard let use = given.first, Int(use.step) == step else {
        if standard.keeps && standard.hasSecrets && !isDefaultTold {
          isDefaultTold = true
          report(at: defaults.stragglersOffset ?? 0, path: "defaults.stragglers", message)
        }
        continue
      }
      given.removeFirst()
      let overlay = table.overlays.values[Int(table.steps[step].settingsIndex)]
      let keeps = overlay.stragglers.map { $0 == .keep } ?? standard.keeps
      let hasSecrets = overlay.secrets.map { !$0.isEmpty } ?? standard.hasSecrets
      guard keeps && hasSecrets else { continue }
      if let offset = use.stragglers {
        report(at: offset, path: "\(table.path(ofStep: step)).stragglers", message)
      } else if let offset = use.secrets {
        report(at: offset, path: "\(table.path(ofStep: step)).secrets", message)
      }
    }
  }
}
