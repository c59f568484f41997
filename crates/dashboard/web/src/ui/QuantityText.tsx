import { NARROW_SPACE, type Quantity } from "../format/number.ts";

/** A number with its unit set quieter. */
export function QuantityText({ quantity }: { readonly quantity: Quantity }) {
  return (
    <>
      {quantity.value}
      {quantity.unit !== "" && (
        <>
          {NARROW_SPACE}
          <span className="unit">{quantity.unit}</span>
        </>
      )}
    </>
  );
}
