import CLinux
import CMonitor
import FlowStorage
import Glibc

/// What of an output is about to be overwritten (`mask_plan.h` in CMonitor).
enum MaskPlan {
  private static let mostBytes = 4 << 20

  /// - Returns: the ranges, ascending; none where there is no plan, or none that is complete.
  static func read(_ path: String) throws(Errno) -> [Range<Int64>] {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try SecretFiles.read(path, limit: mostBytes)
    } catch .noSuchFile {
      return []
    }
    return decoded(bytes)
  }

  static func decoded(_ bytes: [UInt8]) -> [Range<Int64>] {
    var ranges = [flow_mask_range](
      repeating: flow_mask_range(), count: bytes.count / MemoryLayout<flow_mask_range>.stride)
    return unsafe ranges.withUnsafeMutableBufferPointer { ranges in
      var plan = unsafe flow_mask_plan(
        ranges: ranges.baseAddress, count: 0, capacity: ranges.count)
      guard unsafe flow_mask_plan_decode(&plan, bytes, bytes.count) else { return [] }
      return unsafe (0..<plan.count).map { unsafe ranges[$0].from..<ranges[$0].until }
    }
  }
}
