package import FlowCore
package import FlowLog

/// The driver process of a run, and how it writes the log.
package struct RunProcess {
  package var processID: Int32
  package var host: HostContext
  package var logOptions: LogOptions
  package var salts: SaltSource

  package init(
    processID: Int32, host: HostContext, logOptions: LogOptions = LogOptions(), salts: SaltSource
  ) {
    self.processID = processID
    self.host = host
    self.logOptions = logOptions
    self.logOptions.dictionary = EventDictionary.version1
    self.salts = salts
  }
}

/// Numbers that tell segments apart, from a seed that differs for each run and life.
package final class SaltSource {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  func next() -> UInt32 {
    state = SplitMix64.mix(state)
    return UInt32(truncatingIfNeeded: state >> 32)
  }
}
