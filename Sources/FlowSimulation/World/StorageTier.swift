/// What a disk may do to what it was given.
package enum StorageTier: Int, CaseIterable, Sendable {
  /// As ext4 does: of what was not synced a first part is left after a power loss, cut between
  /// sectors, perhaps with the size grown already. What was synced stays.
  case ordered
  /// What POSIX promises and no more (ALICE, Pillai et al. 2014): what was not synced lands in any
  /// subset and order, sector by sector and name by name. What was synced stays.
  case weak
  /// The same, on a device that loses and mixes up what it has: bits rot, writes go elsewhere, a
  /// sync does nothing, files vanish. There nothing can be promised but that it is noticed.
  case hostile
}
