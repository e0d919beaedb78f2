/// What a disk may do to what was written to it.
package enum StorageTier: Int, CaseIterable, Sendable {
  /// As ext4 does: a power loss leaves a first part of what was not synced, cut between sectors,
  /// perhaps with the size grown already. What was synced stays.
  case ordered
  /// No more than POSIX promises (ALICE, Pillai et al. 2014): of what was not synced, any subset is
  /// left, in any order, sector by sector and name by name. What was synced stays.
  case weak
  /// The same, on a device that loses and mixes up what it holds: bits rot, writes go elsewhere, a
  /// sync does nothing, files vanish. The only promise on such a disk is that lost history is
  /// detected.
  case hostile
}
