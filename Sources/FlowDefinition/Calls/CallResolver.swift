import FlowCore
import FlowText

/// Reads a definition file together with the files that it calls.
struct CallResolver {
  /// More files than a workflow needs: two calls of a file with two calls, and so on, would be without end.
  private static let mostCalls = 1_000
  /// All called files together.
  private static let mostMebibytes = 256

  private let files: any CalledFiles
  private let patterns: (any PatternMatching)?
  private let standard: StepSettings
  private var callsLeft = Self.mostCalls
  private var bytesLeft = Self.mostMebibytes << 20
  /// The files that are being read: each calls the next. The first is the one that is run.
  private var chain: [DefinitionPlace]

  init(
    _ files: any CalledFiles, matching patterns: (any PatternMatching)?,
    from place: DefinitionPlace, _ standard: StepSettings
  ) {
    self.files = files
    self.patterns = patterns
    self.standard = standard
    chain = [place]
  }

  /// - Throws: all errors of all files: first those of this file.
  mutating func definition(
    of bytes: [UInt8], file: String, as spelling: DefinitionSpelling?
  ) throws(DefinitionErrors) -> WorkflowDefinition {
    switch spelling ?? DefinitionSpelling(ofFile: file, bytes) {
    case .json: try definition(of: bytes, DefinitionReader(JSONScanner(bytes)), file)
    case .yaml: try definition(of: bytes, DefinitionReader(YAMLScanner(bytes)), file)
    }
  }

  private mutating func definition<Source>(
    of bytes: [UInt8], _ reader: consuming DefinitionReader<Source>, _ file: String
  ) throws(DefinitionErrors) -> WorkflowDefinition {
    var reader = reader
    reader.patterns = patterns
    reader.isCalledElsewhere = chain.contains { $0.folder != chain[0].folder }
    let parts = DefinitionParser.parts(of: bytes, &reader, isCalled: chain.count > 1)
    var called: [CalledWorkflow] = []
    var errors: [DefinitionErrors] = []
    var secrets = parts.workflow.secrets
    for call in parts.table.calls {
      do throws(DefinitionErrors) {
        guard let workflow = try read(call, &reader) else { continue }
        called.append(CalledWorkflow(call: call, workflow: workflow))
        reader.check(call, of: workflow, parts.workflow.parameters, parts.table)
        let own = workflow.secrets.map { $0.called(from: call) }
        reader.check(own, of: call, with: secrets, parts.workflow.environment)
        secrets += own
      } catch {
        errors.append(error)
      }
    }
    if let own = reader.diagnostics.errors(in: bytes, file: file) { errors.insert(own, at: 0) }
    if !errors.isEmpty { throw DefinitionErrors(errors) }
    let definition = DefinitionParser.definition(of: parts, standard)
    if called.isEmpty { return definition }
    var inlined: WorkflowDefinition?
    do throws(LateValueFaults) { inlined = try CallInlining.inline(called, in: definition) } catch {
      for fault in error.faults {
        let call = called.first { called in
          fault.parameter.utf8.starts(with: "\(definition.steps[called.call.step].id)/".utf8)
        }
        guard let call = call?.call else { preconditionFailure("a parameter of no call") }
        reader.report(at: call.offset, path: call.place, fault.message)
      }
    }
    if var whole = inlined {
      reader.resolveCalledMentions(in: &whole, parts.table, parts.workflow.parameters)
      inlined = whole
      reader.checkCalledFiles(
        of: whole, called.map { (definition.steps[$0.call.step].id, $0.call) })
    }
    if let own = reader.diagnostics.errors(in: bytes, file: file) { throw own }
    guard let inlined else { preconditionFailure("calls have faults of which none was reported") }
    return inlined
  }

  /// - Returns: nil if there is no such workflow, which was reported.
  private mutating func read<Source>(
    _ call: Call, _ reader: inout DefinitionReader<Source>
  ) throws(DefinitionErrors) -> WorkflowDefinition? {
    guard let path = call.path else { return nil }
    let file: CalledFile
    do throws(CalledFileError) {
      file = try files.file(path, calledFrom: chain[chain.count - 1])
    } catch {
      reader.report(
        at: call.offset, path: call.place,
        "\(Quoting.quoted(path)) cannot be read: \(error.message)")
      return nil
    }
    if let first = chain.firstIndex(where: { $0.path == file.place.path }) {
      let names = (chain[first...].map(\.name) + [file.place.name]).map(TerminalText.escaped)
      reader.report(
        at: call.offset, path: call.place,
        "these files call each other without end: \(names.joined(separator: " → "))")
      return nil
    }
    callsLeft -= 1
    bytesLeft -= file.bytes.count
    guard callsLeft >= 0, bytesLeft >= 0 else {
      reader.report(
        at: call.offset, path: call.place,
        "the files that are called exceed the limit of a run: \(Self.mostCalls) calls, and"
          + " \(Self.mostMebibytes) MiB in all")
      return nil
    }
    chain.append(file.place)
    defer { chain.removeLast() }
    return try definition(of: file.bytes, file: file.place.name, as: nil)
  }
}
