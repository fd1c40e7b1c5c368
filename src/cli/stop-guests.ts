import { Command } from "commander";
import { openStackContext } from "../bootstrap/context.ts";
import { type ConfigOption, configOption } from "./options.ts";

/** For the systemd unit: guests are shut down in order before the host is. */
export function stopGuestsCommand(): Command {
  return new Command("stop-guests")
    .description("Shut all guests down in order, as at a shutdown of the host (the systemd unit does)")
    .addOption(configOption())
    .option("--at-shutdown", "only while the host itself goes down")
    .action(async (options: ConfigOption & { atShutdown?: boolean }) => {
      const { context, close } = await openStackContext({ file: options.config, access: "look" });
      try {
        const { host, settings, systemd } = context;
        if (host === null || (options.atShutdown === true && (await systemd?.isShuttingDown()) !== true)) return;
        const { stopped, cutOff } = await host.libvirtd.shutDownGuests(settings.compute.shutdownTimeout);
        process.stdout.write(
          `${stopped} ${stopped === 1 ? "guest" : "guests"} stopped${cutOff.length === 0 ? "" : `, cut off: ${cutOff.join(" ")}`}\n`,
        );
      } finally {
        close();
      }
    });
}
