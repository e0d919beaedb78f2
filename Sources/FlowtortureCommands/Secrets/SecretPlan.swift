/// The workflow of a round, which follows from its seed.
struct SecretPlan {
  let password: String
  let key: String
  let workflow: String

  init(_ dice: inout Dice) {
    password = Self.value(&dice, dice.within(8...60))
    let lines = dice.within(1...3)
    key = (0..<lines).map { _ in Self.value(&dice, dice.within(9...40)) }.joined(separator: "\n")
    let count = dice.within(1...3)
    let steps = (0..<count).map { Self.step($0, &dice) }
    workflow = """
      {"name": "secrets", "jobs": 2,
       "secrets": {"PW": {"file": "pw"}, "KEY": {"env": "CI_KEY"}},
       "steps": [\(steps.joined(separator: ",\n "))]}
      """
  }

  /// It has characters that URLs encode, and never begins or ends with a blank.
  private static func value(_ dice: inout Dice, _ count: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/+=%@ .:")
    let inner = (0..<count - 2).map { _ in String(dice.pick(letters)) }.joined()
    return "\(dice.pick(Array(letters.prefix(62))))\(inner)\(dice.pick(Array(letters.prefix(62))))"
  }

  private static func step(_ index: Int, _ dice: inout Dice) -> String {
    var lines: [String] = []
    let isFile = dice.happens(40)
    // Of the step: the rest of its lines prints V.
    let lists = dice.pick(["PW", "KEY", "both"])
    for name in lists == "both" ? ["PW", "KEY"] : [lists] {
      lines.append(isFile ? "V=$(cat \\\"$\(name)\\\")" : "V=$\(name)")
      for _ in 0..<dice.within(1...4) { lines.append(print(&dice)) }
      if dice.happens(40) { lines.append("sleep 0.0\(dice.below(10))") }
    }
    lines.append("exit \(dice.pick([0, 0, 0, 1]))")
    let names = lists == "both" ? ["PW", "KEY"] : [lists]
    let uses =
      isFile
      ? "{" + names.map { "\"\($0)\": \"file\"" }.joined(separator: ", ") + "}"
      : "[" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    let limit = dice.happens(30) ? ", \"maxOutput\": 8192" : ""
    return """
      {"id": "s\(index)", "secrets": \(uses), "run": "\(lines.joined(separator: "\\n"))",
        "retry": {"maxAttempts": 2, "initialDelay": "0ms"}, "killGrace": "1s"\(limit)}
      """
  }

  /// A command that prints V somehow, as JSON has it.
  private static func print(_ dice: inout Dice) -> String {
    let encode =
      "sed 's/%/%25/g;s/ /%20/g;s|/|%2F|g;s/+/%2B/g;s/=/%3D/g;s/@/%40/g;s/[.]/%2E/g;s/:/%3A/g'"
      + " | awk 'NR>1{printf \\\"%s\\\",\\\"%0A\\\"}{printf \\\"%s\\\",$0}'"
    return dice.pick([
      #"printf '%s\\n' \"$V\""#,
      #"printf %s \"$V\" | base64 -w 0; echo"#,
      #"printf %s \"user:$V\" | base64 -w 0; echo"#,
      #"printf %s \"xx$V--end\" | base64 -w 19"#,
      #"printf %s \"$V\" | \#(encode); echo"#,
      // In two halves.
      #"printf %s \"$(printf %s \"$V\" | head -c 7)\"; sleep 0.01; printf %s \"$V\" | tail -c +8; echo"#,
      #"i=0; while [ $i -lt 300 ]; do printf '%s ' \"$V\"; i=$((i+1)); done; echo"#,
      #"printf '%s' \"$V\" >&2"#,
    ])
  }
}
