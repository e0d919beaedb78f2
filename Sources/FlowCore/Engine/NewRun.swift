/// The first events of a history: the run, and its whole definition.
struct Prologue {
  /// A part is small beside a frame of the log, so that commits can be split between events.
  private static let partByteCount = 256 << 10

  /// With the size of the definition filled in.
  let created: RunCreated
  let events: [Event]
  let last: Event

  init(_ created: RunCreated, _ definition: WorkflowDefinition, at now: Moment) {
    guard let policy = Policy(rawValue: created.policyVersion) else {
      preconditionFailure("a run cannot be created with policy \(created.policyVersion)")
    }
    let bytes = DefinitionCodec.encode(definition, policy: policy)
    var created = created
    created.definitionByteCount = Int64(bytes.count)
    var events: [Event] = []
    var last = Event(sequence: 1, moment: now, startsWakeUp: true, body: .runCreated(created))
    for start in stride(from: 0, to: bytes.count, by: Self.partByteCount) {
      events.append(last)
      let part = Array(bytes[start..<min(start + Self.partByteCount, bytes.count)])
      last = Event(
        sequence: last.sequence + 1, moment: now, startsWakeUp: false,
        body: .definitionPart(part))
    }
    events.append(last)
    self.created = created
    self.events = events
    self.last = last
  }
}
