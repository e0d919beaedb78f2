import FlowCore

extension DefinitionReader {
  /// Checks that `onLost: probe` and a probe come together, with `defaults` taken into account.
  ///
  /// A step that overrides an inherited `onLost: probe` cannot remove the inherited probe, so it is
  /// dropped.
  mutating func checkProbes(of table: StepTable, defaults: Defaults) {
    // Without a readable `onLost` it is unknown whether a probe belongs to it.
    guard !defaults.isOnLostFaulty else { return }
    var hasFaultyOnLost = false
    for use in table.probeUses {
      let overlay = table.overlays.values[Int(table.steps[Int(use.step)].settingsIndex)]
      if use.onLost != nil && overlay.onLost == nil {
        hasFaultyOnLost = true
        continue
      }
      let onLost = overlay.onLost ?? defaults.overlay.onLost ?? .rerun
      let hasProbe = use.probe != nil || defaults.probeOffset != nil
      if onLost == .probe, !hasProbe, let offset = use.onLost {
        report(
          at: offset, path: "\(table.path(ofStep: Int(use.step))).onLost",
          #""probe" asks a command: give it as "probe" in the step or in "defaults""#)
      } else if onLost != .probe, let offset = use.probe {
        report(
          at: offset, path: "\(table.path(ofStep: Int(use.step))).probe",
          #"a probe is asked only with "onLost": "probe": add that, or leave the probe out"#)
      }
    }
    if defaults.overlay.onLost == .probe {
      checkEveryStepHasProbe(table, defaults)
    } else if let offset = defaults.probeOffset, !hasFaultyOnLost,
      !table.overlays.values.contains(where: { $0.onLost == .probe })
    {
      report(
        at: offset, path: "defaults.probe",
        #"a probe is asked only with "onLost": "probe": no step has that, nor has "defaults""#)
    }
  }

  /// Reports `defaults.onLost` once for all steps that would need a probe from `defaults`.
  private mutating func checkEveryStepHasProbe(_ table: StepTable, _ defaults: Defaults) {
    guard defaults.probeOffset == nil, let offset = defaults.onLostOffset else { return }
    // A step that gives one of the two keys has been checked by itself.
    var uses = table.probeUses[...]
    for step in 0..<table.firstNotice where uses.popFirst(of: step) == nil {
      report(
        at: offset, path: "defaults.onLost",
        #""probe" asks a command, and \#(table.path(ofStep: step)) has none: give it as "probe" in "#
          + #""defaults" or in every step"#)
      return
    }
  }
}

extension ArraySlice<StepTable.ProbeUse> {
  /// Takes the first use away if it is that step's.
  fileprivate mutating func popFirst(of step: Int) -> Element? {
    guard let first, Int(first.step) == step else { return nil }
    return removeFirst()
  }
}
