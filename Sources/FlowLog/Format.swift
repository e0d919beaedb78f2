// FlowLog is the history log of a run: segments of checksummed frames, their writer, their reader,
// and recovery after a crash. What a frame carries, events, it does not look into.
//
// It may import FlowStorage, for files, and CZlib, for deflate and CRC-32. It has no Foundation, no
// clock, no random numbers and no threads, so that the simulator runs it as it is.
//
// Invariant: a log only grows. Nothing is overwritten, truncated or repaired in place.
// Invariant: one engine life writes one segment at a time; no other life ever writes to it.
// Invariant: one commit is in flight at a time. A crash can tear the last commit and nothing else.
// Invariant: a length is trusted only after the checksum that covers it.
// Invariant: after a failed write or sync a segment is never written again.
// Invariant: a reader holds one frame in memory, however long the log is.

/// # The history log, format version 1
///
/// A log is a folder of *segments*, `00000001.seg`, `00000002.seg` and so on, without a gap. A
/// segment is a header followed by *frames*. A frame carries consecutive events; one or more frames
/// make a *commit*, which becomes durable as a whole. A file whose name ends in `.seg.new` is a
/// segment under construction, which no reader looks at.
///
/// All numbers are unsigned and little-endian. "Checksum" is the CRC-32 of zlib. Reserved bytes are
/// zero.
///
/// ## Segment header, 128 bytes
/// ```
///   0  magic 89 46 4c 4f 57 4c 4f 47                      8
///   8  version 2 | header length 2 | salt 4               8
///  16  segment number                                     8
///  24  first sequence number                              8
///  32  predecessor's number                               8
///  40  predecessor's valid length in bytes                8
///  48  predecessor's last sequence number                 8
///  56  predecessor's chain 4 | engine life 4              8
///  64  rotation limit in raw bytes                        8
///  72  largest commit in bytes                            8
///  80  reservation step in bytes, 0 for none              8
///  88  initial length in bytes                            8
///  96  dictionary checksum, 0 for none 4 | reserved 24   28
/// 124  checksum of the 124 bytes before                   4
/// ```
/// The header, and all bytes below the *initial length*, were synced before the segment got its
/// name. So was the file's size: at least the initial length, or with a reservation, that and a
/// seal's length, rounded up to reservation steps. The initial length exceeds the header only if
/// recovery carried a commit over. A writer may reserve more than a step at a time: since 0.2 the
/// step is 8 bytes, so that a segment can be cut to its length. The predecessor fields of segment 1 are zero. Every later version keeps
/// magic, version, header length and checksum where they are.
///
/// ## Frame, a multiple of 8 bytes
/// ```
///   0  magic 66 4c | version 1 | kind and flags 1 | salt 4              8
///   8  first sequence number                                            8
///  16  synced through                                                   8
///  24  event count 4 | stored length 4                                  8
///  32  raw length 4 | payload checksum 4                                8
///  40  header checksum, of the 40 bytes before 4 | chain 4              8
///  48  stored payload, then 0 to 7 zeros, then the end mark a5   stored length + 1…8
/// ```
/// The kind is in the low four bits: 1 is data, 2 is the seal. Flag 10 (hex) ends a commit, flag 20
/// marks a payload of raw deflate, primed with the version's dictionary. Every later version keeps
/// the first 8 bytes and the header checksum where they are.
///
/// The payload checksum also covers the padding and the end mark. A complete frame never ends in a
/// zero byte, so a frame whose end never reached the disk differs from a complete frame with bad
/// bytes. (The mark has four bits set: one flipped bit does not make it a zero.)
///
/// The *chain* of a frame is the checksum of 8 bytes: the chain before it, and its own header
/// checksum. The chain before the first frame is the checksum of the segment header. As the header
/// checksum covers the payload checksum, the chain depends on all history.
///
/// The header checksum leaves the chain out on purpose. A CRC over data that contains a CRC of the
/// same bytes cancels it, and two checks would become one.
///
/// *Synced through* is the highest sequence number that was durable when the frame was written. As
/// one commit is in flight at a time, it is the number before the commit's first event.
///
/// ## A frame is valid if
/// 1. all 48 bytes of its header are there, with the magic, and the header checksum matches;
/// 2. its salt is the segment's;
/// 3. version, kind and flags are known (else a newer flow wrote it, which is not damage);
/// 4. the lengths are possible: raw 1 byte to 16 MiB; stored the same, or less where deflated;
///    at least one event, and no more events than bytes. A seal has no event and no byte;
/// 5. its first sequence number is the next, and its synced-through number is as above;
/// 6. its chain matches;
/// 7. all its payload is there, and the checksum, the zeros and the end mark match;
/// 8. if deflated, it inflates to exactly the raw length, with nothing left over.
///
/// A length is used only after rules 1 to 4. No run of zeros is a valid frame.
///
/// ## Reading
/// A successor's header states how long its predecessor is, and with which sequence number and
/// chain it ends. Up to there every frame must be valid. The bytes beyond are dead, whatever they
/// hold: the next segment carries over what may have been lost of them. A commit never spans two
/// segments, and its frames count only if its last frame is there.
///
/// In the last segment, frames are valid up to some point, the seal ends it, and only zeros follow
/// in reserved space. When a run has ended, the space after the seal is given back: once the seal is
/// durable the file is cut to its length, and a crash may leave either size. `judgeTail` decides what anything else means. Nothing follows a seal.
///
/// ## Writing
/// An engine life never writes into a segment of another life. Recovery begins a new segment, whose
/// header declares valid only what is known to be durable of the last segment. If the last commit
/// is not known to be durable, recovery carries it over, below the initial length.
package enum LogFormat {
  package static let version: UInt8 = 1
  package static let segmentHeaderLength = 128
  package static let frameHeaderLength = 48
  /// The most that one frame carries, before deflate.
  package static let largestPayload = 16 << 20

  /// Far above any file, and low enough that sums of a few lengths do not overflow. A file that
  /// claims to be longer is read up to here.
  static let greatestLength: Int64 = 1 << 60
  static let segmentMagic: UInt64 = 0x474f_4c57_4f4c_4689
  static let frameMagic: UInt16 = 0x4c66
  static let endMark: UInt8 = 0xa5
  static let alignment = 8

  /// The length of a frame on disk.
  package static func frameLength(storing payloadLength: Int) -> Int {
    (frameHeaderLength + payloadLength + alignment) / alignment * alignment
  }

  static let sealLength = frameLength(storing: 0)
}

/// A point in a log: a segment, and the length up to which its bytes count.
package struct LogPosition: Hashable, Sendable {
  package var segment: UInt64
  package var length: Int64

  package init(segment: UInt64, length: Int64) {
    self.segment = segment
    self.length = length
  }
}

/// A point between two frames of a segment.
struct LogCursor: Hashable {
  var offset: Int64
  var chain: UInt32
  /// The last sequence number before `offset`.
  var sequence: UInt64

  /// Before the first segment.
  static let start = LogCursor(offset: 0, chain: 0, sequence: 0)

  func advanced(by frame: FrameHeader) -> LogCursor {
    LogCursor(
      offset: offset + Int64(frame.length), chain: frame.chain,
      sequence: sequence + UInt64(frame.eventCount))
  }
}
