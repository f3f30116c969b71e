import { stricter } from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import type { AutomationSwitches } from '../store/rollbacks.ts';

/**
 * The configuration with what people switched at run time: the later word holds for the mode; the kill switch is on if
 * either says so and nobody turned it off since. In sandbox mode nothing is ever carried out.
 */
export function effectivePolicy(policy: Policy, switches: AutomationSwitches, sandbox: boolean): Policy {
  const mode = switches.mode ?? policy.automation.mode;
  return {
    ...policy,
    automation: {
      ...policy.automation,
      mode: sandbox ? stricter(mode, 'shadow') : mode,
      rehearseOnly: sandbox,
      killSwitch: switches.killSwitch ?? policy.automation.killSwitch,
    },
  };
}
