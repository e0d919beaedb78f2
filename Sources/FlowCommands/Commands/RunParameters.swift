import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowStorage
import FlowSystem

/// The parameters that a command line gives to a run.
struct RunParameters: Equatable {
  static let option = Option(
    "param", short: "p", takes: .text(placeholder: "NAME=VALUE"), isRepeatable: true,
    "set a parameter; again for each element of a list")
  static let fileOption = Option(
    "params", takes: .text(placeholder: "FILE"), "take parameters from FILE (YAML or JSON)")

  private let given: GivenParameters
  private let file: String?

  init(_ arguments: ScannedArguments, command: String?) throws(UsageError) {
    var given = GivenParameters()
    for text in arguments.texts(Self.option) {
      // By scalars: a mark at the start of a value would be one character with the sign before it.
      let parts = text.unicodeScalars.split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw UsageError(
          command: command,
          .invalidValue(Self.option.spelling, value: text, expected: "a name, \"=\" and a value"))
      }
      given.add(String(parts[1]), to: String(parts[0]))
    }
    self.given = given
    file = arguments.text(Self.fileOption)
  }

  /// What is given in all. A value of the command line counts more than one of the file.
  func all() throws(CommandError) -> GivenParameters {
    guard let file else { return given }
    let bytes: [UInt8]
    do throws(Errno) { bytes = try FileReading.input(of: file, limit: 16 << 20).bytes } catch {
      throw .file(file, error)
    }
    var all = given
    do throws(DefinitionErrors) {
      all.take(try ParameterFileParser.parse(bytes, file: file))
    } catch {
      throw .definition(.invalid(error))
    }
    return all
  }

  /// - Parameter now: decides which day today is.
  static func values(
    of definition: WorkflowDefinition, _ given: GivenParameters, at now: WallTime
  ) throws(CommandError) -> [ParameterValue] {
    let (today, yesterday) = days(now)
    do throws(ParameterErrors) {
      let values = try given.values(
        of: definition.parameters, today: today, yesterday: yesterday, matching: BoundedMatching())
      try definition.checkLengths(with: values)
      return values
    } catch {
      throw .parameters(error)
    }
  }

  /// What runs can come to that are told these values, and any others.
  static func outcomes(
    of file: DefinitionFile, _ given: GivenParameters, at now: WallTime
  ) throws(CommandError) -> Outcomes {
    let (today, yesterday) = days(now)
    do throws(ParameterErrors) {
      try given.check(
        of: file.definition.parameters, today: today, yesterday: yesterday,
        matching: BoundedMatching())
    } catch { throw .parameters(error) }
    return Outcomes(
      file.definition, file.graph, given: given, today: today, yesterday: yesterday,
      matching: BoundedMatching())
  }

  private static func days(_ now: WallTime) -> (today: String, yesterday: String) {
    let day = WallTime(microseconds: now.microseconds - 86_400_000_000)
    return (ProcessFacts.localDate(now), ProcessFacts.localDate(day))
  }

  /// For the command line of a detached engine.
  static func words(_ values: [ParameterValue], of definition: WorkflowDefinition) -> [String] {
    let given = Set(definition.parameters.filter(\.isGivenByCall).map(\.name))
    return values.filter { !given.contains($0.name) }.flatMap { value in
      value.texts.map { "--param=\(value.name)=\($0)" }
    }
  }
}
