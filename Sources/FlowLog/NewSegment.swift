import FlowStorage

/// How a segment gets into its folder: written and synced under a temporary name, renamed, and the
/// folder synced. A crash leaves no segment or a complete one.
enum NewSegment {
  /// A new file under the temporary name, with its space reserved. Replaces what a crash left
  /// there.
  static func begin<Store>(
    _ header: SegmentHeader, in folder: Folder<Store>, _ options: LogOptions
  ) throws(StorageError) -> File<Store> {
    let name = SegmentName.of(header.number) + SegmentName.unfinished
    try folder.removeIfPresent(name)
    do throws(StorageError) {
      let file = try folder.open(name, .create)
      if options.reservationBytes > 0 { try file.reserve(upTo: options.size(ofNew: header)) }
      let (bytes, _) = header.encoded()
      try file.write(bytes.span, at: 0)
      return file
    } catch {
      // It may hold space that other files need.
      try? folder.removeIfPresent(name)
      throw error
    }
  }

  /// The same, with a smaller reservation where the disk has no space for the usual one: then a run
  /// can end on a disk that is nearly full. The options get the steps in which space was reserved.
  static func beginSparingly<Store>(
    _ header: SegmentHeader, in folder: Folder<Store>, _ options: inout LogOptions
  ) throws(StorageError) -> File<Store> {
    while true {
      do throws(StorageError) { return try begin(header, in: folder, options) } catch {
        guard error.errno.isOutOfSpace, error.operation == .reserve,
          options.reservationBytes > leastReservation
        else { throw error }
        options.reservationBytes = max(leastReservation, options.reservationBytes / 8)
      }
    }
  }

  /// A block of usual file systems.
  private static let leastReservation: Int64 = 4_096

  /// The same, durable but for its name. If anything fails, the file is removed.
  static func beginSynced<Store>(
    _ header: SegmentHeader, in folder: Folder<Store>, _ options: LogOptions
  ) throws(StorageError) -> File<Store> {
    let file = try begin(header, in: folder, options)
    do throws(StorageError) { try file.sync() } catch {
      try? discard(header.number, in: folder)
      throw error
    }
    return file
  }

  /// Removes a segment that was begun and not published.
  static func discard<Store>(
    _ number: UInt64, in folder: Folder<Store>
  ) throws(StorageError) {
    try folder.removeIfPresent(SegmentName.of(number) + SegmentName.unfinished)
  }

  /// Gives the segment its name. The file must be synced.
  static func publish<Store>(
    _ file: inout File<Store>, _ number: UInt64, in folder: Folder<Store>
  ) throws(StorageError) {
    try file.rename(to: folder.path(of: SegmentName.of(number)))
    try folder.sync()
  }
}
