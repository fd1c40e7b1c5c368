import { Meter as AriaMeter, Label } from "react-aria-components";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";

/** How much of a quota is used, and how much more something would take. */
export function Meter({
  label,
  used,
  limit,
  more = 0,
  unit = "",
}: {
  label: string;
  used: number;
  limit: number;
  more?: number;
  unit?: string;
}) {
  const t = useText(words);
  const after = used + more;
  const bounded = limit >= 0;
  const suffix = unit === "" ? "" : ` ${unit}`;
  const value = bounded
    ? t("meter.of", { used: `${numberText(after)}${suffix}`, limit: `${numberText(limit)}${suffix}` })
    : t("meter.unlimited", { used: `${numberText(after)}${suffix}` });
  const share = !bounded ? 0 : limit === 0 ? (after > 0 ? 100 : 0) : Math.min(100, (after / limit) * 100);
  const tone = !bounded || share < 80 ? "" : after > limit ? " over" : " near";
  return (
    <AriaMeter value={share} valueLabel={value} className={`meter${tone}`}>
      {({ valueText }) => (
        <>
          <Label>{label}</Label>
          <span className="meter-value">{valueText}</span>
          <span className="meter-bar">
            <i style={{ width: `${share}%` }} />
            {more > 0 && bounded && limit > 0 && (
              <b
                style={{
                  left: `${Math.min(100, (used / limit) * 100)}%`,
                  width: `${Math.min(100, (more / limit) * 100)}%`,
                }}
              />
            )}
          </span>
        </>
      )}
    </AriaMeter>
  );
}

const numberText = (value: number): string => value.toLocaleString();
