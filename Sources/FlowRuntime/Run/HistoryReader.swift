package import FlowCore
package import FlowLog
package import FlowStorage

/// Reads a run's events from its log, beginning with the first.
package struct HistoryReader<Store: Storage>: EventSource, ~Copyable {
  package let logPath: String
  private var log: LogReader<Store>
  private var decoder: EventDecoder?

  /// - Parameter source: how much of the log counts as durable.
  package init(
    _ folder: RunFolder, in storage: Store, _ source: LogSource
  ) throws(RunError) {
    logPath = folder.log
    do throws(LogError) {
      log = try LogReader.open(
        folder.log, in: storage, source, dictionary: EventDictionary.version1)
    } catch {
      throw .log(error)
    }
  }

  /// How the log ends; known once `next` has returned nil, unless an engine still writes it.
  package var tail: LogTail? { log.tail }

  /// The next event; nil at the end of the events that are known to be durable.
  package mutating func next() throws(RunError) -> Event? {
    while true {
      do throws(CodingError) {
        if let event = try decoder?.next() { return event }
      } catch {
        throw .event(path: logPath, error)
      }
      do throws(LogError) {
        guard let frame = try log.next() else { return nil }
        let payload = log.withPayload { (span) in
          unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
        }
        decoder = EventDecoder(payload, first: Int64(frame.first))
      } catch {
        throw .log(error)
      }
    }
  }

  /// Lets the reader of a live log continue to a later position (`LogReader.extend`).
  package mutating func extend(to durable: LogPosition) throws(RunError) {
    do throws(LogError) { try log.extend(to: durable) } catch { throw .log(error) }
  }

  /// Makes a writer that continues the log, which was read to its end, in a new segment.
  consuming func recover(
    engineLife: Int32, salt: UInt32, _ options: LogOptions
  ) throws(RunError) -> LogWriter<Store> {
    do throws(LogError) {
      return try LogWriter.recover(
        after: log, salt: salt, engineLife: UInt32(engineLife), options)
    } catch {
      throw .log(error)
    }
  }
}
