import { ChevronRight } from "lucide-react";
import { Button, Disclosure, DisclosurePanel, Heading, Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import type { Operation } from "../api/call.ts";
import { commandText, curlText } from "../api/equals.ts";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { CopyButton } from "./copy.tsx";

/** The same thing on a command line and as requests, to learn and to copy. */
export function Equals({ operation, isOpen = false }: { operation: Operation; isOpen?: boolean }) {
  const t = useText(words);
  return (
    <Disclosure className="disclosure" defaultExpanded={isOpen}>
      <Heading level={3}>
        <Button slot="trigger" className="disclosure-button">
          <ChevronRight size={14} aria-hidden="true" />
          {t("equals.title")}
        </Button>
      </Heading>
      <DisclosurePanel className="disclosure-panel">
        <Tabs className="tabs small">
          <TabList aria-label={t("equals.title")} className="tab-list">
            <Tab id="cli" className="tab">
              {t("equals.cli")}
            </Tab>
            <Tab id="curl" className="tab">
              {t("equals.curl")}
            </Tab>
          </TabList>
          <TabPanel id="cli" className="tab-panel">
            <Snippet text={commandText(operation)} />
          </TabPanel>
          <TabPanel id="curl" className="tab-panel">
            <Snippet text={curlText(operation)} />
          </TabPanel>
        </Tabs>
      </DisclosurePanel>
    </Disclosure>
  );
}

export function Snippet({ text }: { text: string }) {
  return (
    <div className="snippet">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, which keys must do, too */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} />
    </div>
  );
}
